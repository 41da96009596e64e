"""Cache of decoded JWTs; revocation is still checked on each request."""

import time

from app.accounts import tokens
from app.accounts.tokens import Claims
from app.errors import TokenExpired

MAX_ENTRIES = 4096
MAX_TOKEN_LENGTH = 1024
"""Characters; ours have some 350."""


class TokenCache:
    """The claims of valid tokens by token: to decode one costs as much as the rest of its check.

    Whether its owner has revoked it is not cached: that row is read on each request. Invalid tokens are not cached
    either, so nobody can fill this without the key.
    """

    def __init__(self) -> None:
        self._claims: dict[str, Claims] = {}

    def claims(self, encoded: str) -> Claims:
        """The token's claims, as `tokens.decode` gives them. Raises MalformedToken, TokenExpired."""
        claims = self._claims.get(encoded)
        if claims is None:
            claims = tokens.decode(encoded)
            self._keep(encoded, claims)
        if claims.expires_at <= time.time():
            raise TokenExpired
        return claims

    def _keep(self, encoded: str, claims: Claims) -> None:
        # A file token comes once or twice, and a roll-out's many would drive out those that come all the time.
        if len(encoded) > MAX_TOKEN_LENGTH or claims.file is not None:
            return
        if len(self._claims) >= MAX_ENTRIES:
            self._claims.clear()
        self._claims[encoded] = claims
