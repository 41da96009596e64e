"""Password hashing by argon2id, with bounds on what it may cost."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 1024
"""Characters."""

MEMORY = 19 * 1024
"""KiB that one hash takes; with two passes and one lane this is OWASP's choice for argon2id."""

AT_ONCE = 2
"""Hashes at one time in one worker, so that a flood of logins can't exhaust memory."""


class Passwords:
    """Makes and checks password hashes, at most AT_ONCE at a time; the others wait their turn."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=MEMORY, parallelism=1)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._decoy = self.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """The hash to keep in place of `password`."""
        with self._turns:
            return self._hasher.hash(password)

    def match(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one behind the hash; without a hash never, after just as long."""
        with self._turns:
            try:
                self._hasher.verify(password_hash or self._decoy, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None
