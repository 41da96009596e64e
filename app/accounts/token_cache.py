"""Tokens that were decoded lately."""

import time

from app.accounts import tokens
from app.accounts.tokens import Claims
from app.errors import Unauthorized

MAX_KEPT = 4096
MAX_TOKEN_LENGTH = 1024
"""Characters; ours have some 350."""


class VerifiedTokens:
    """Remembers the claims of sound tokens: to decode one costs as much as all else that its check takes.

    What may end a token before its time is not remembered: its owner's row is read on each request. Nor is a
    token that does not count, so nobody can fill this without the key.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Claims] = {}

    def claims(self, encoded: str) -> Claims:
        """The token's claims, as `tokens.decode` gives them. Raises Unauthorized."""
        claims = self._kept.get(encoded)
        if claims is None:
            claims = tokens.decode(encoded)
            self._keep(encoded, claims)
        if claims.expires_at <= time.time():
            raise Unauthorized
        return claims

    def _keep(self, encoded: str, claims: Claims) -> None:
        # A file token comes once or twice, and a roll-out's many would drive out those that come all the time.
        if len(encoded) > MAX_TOKEN_LENGTH or claims.file is not None:
            return
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[encoded] = claims
