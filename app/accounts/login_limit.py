"""Rate limit on failed logins, kept in PostgreSQL so that it holds across workers and replicas."""

import contextlib
import hashlib
import math
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn

from sqlalchemy import Delete, Select, Update, delete, func, insert, or_, select, update

from app.accounts.models import LoginAttempt
from app.database import Database
from app.errors import DatabaseUnavailable, Overloaded, TooManyLogins, Unauthorized, Unavailable

MAX_FAILURES = 10
WINDOW = timedelta(minutes=5)
"""Failures older than this no longer count."""

ABANDONED = timedelta(seconds=10)
"""An attempt without an outcome for so long was cut off, and counts as failed."""

AT_ONCE = 2
"""Logins at one time in one worker; more would only wait for their hash while they hold a place."""

TURN_TIMEOUT = 10.0
"""Seconds that a login waits for its turn in the worker, while the database answers."""

PATIENCE = 0.5
"""Seconds that a login waits for the outcome of others of the same name and address."""

POLL_INTERVAL = 0.05
LOCK_SPACE = 0x6C6F67
"""First half of the advisory locks' number; the second is of the name and address."""

CLEARED_AT_ONCE = 100

REMEMBERED = 1000
"""Names and addresses that a worker knows to be over the limit without a look."""


class LoginLimit:
    """At most MAX_FAILURES failed logins of one user name from one address within WINDOW.

    An attempt takes its place before the password is looked at, so that parallel guesses can't pass together.
    When failures and attempts under way fill all places, the next waits for an outcome: many right logins at
    once are no failures.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._outages = 0
        self._limited_until: dict[bytes, float] = {}

    @contextlib.contextmanager
    def attempt(self, username: str, address: str) -> Iterator[None]:
        """Let one login be tried in the block; it failed if the block raises Unauthorized.

        Raises TooManyLogins, without running the block, while the limit is reached; Unavailable if too many
        log in at once.
        """
        with self._turn():
            attempt_id = self._begin(login_key(username, address))
            try:
                yield
            except Unauthorized:
                self._finish(update(LoginAttempt).values(failed=True), attempt_id)
                raise
            self._finish(delete(LoginAttempt), attempt_id)

    def refuse(self, username: str, address: str) -> NoReturn:
        """Refuse a login for which there is no room, without waiting for anything.

        Raises TooManyLogins where that is known already, else Overloaded.
        """
        left = self._limited_until.get(login_key(username, address), 0.0) - time.monotonic()
        if left > 0:
            raise TooManyLogins(math.ceil(left))
        raise Overloaded("Too many logins at once. Try again.")

    def _remember(self, key: bytes, seconds: float) -> None:
        if len(self._limited_until) >= REMEMBERED:
            self._limited_until.clear()
        self._limited_until[key] = time.monotonic() + seconds

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        self._await_turn()
        try:
            yield
        except DatabaseUnavailable:
            self._outages += 1
            raise
        finally:
            self._turns.release()

    def _await_turn(self) -> None:
        """Whoever waits behind a login that found the database dead need not find out for themselves."""
        outages, deadline = self._outages, time.monotonic() + TURN_TIMEOUT
        while not self._turns.acquire(timeout=POLL_INTERVAL):
            if self._outages != outages:
                raise DatabaseUnavailable
            if time.monotonic() > deadline:
                raise Unavailable("Too many logins at once. Try again.")

    def _begin(self, key: bytes) -> int:
        deadline = time.monotonic() + PATIENCE
        while (attempt_id := self._take_place(key)) is None:
            if time.monotonic() > deadline:
                raise TooManyLogins(retry_after=1)
            time.sleep(POLL_INTERVAL)
        return attempt_id

    def _take_place(self, key: bytes) -> int | None:
        """The id of a new attempt; None while all places are taken and not all of them by failures."""
        with self.database.writing() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(LOCK_SPACE, _lock_number(key))))
            recent = connection.execute(_recent_attempts(key)).all()
            failures = [attempt for attempt in recent if attempt.failed]
            if len(failures) >= MAX_FAILURES:
                seconds = float(failures[MAX_FAILURES - 1].seconds_left)
                self._remember(key, seconds)
                raise TooManyLogins(math.ceil(seconds))
            if len(recent) >= MAX_FAILURES:
                return None
            connection.execute(_clearing_old_attempts())
            added = insert(LoginAttempt).values(login_key=key).returning(LoginAttempt.id)
            return connection.execute(added).scalar_one()

    def _finish(self, outcome: Update | Delete, attempt_id: int) -> None:
        with self.database.writing() as connection:
            connection.execute(outcome.where(LoginAttempt.id == attempt_id))


def login_key(username: str, address: str) -> bytes:
    """What stands for a user name and an address; 32 bytes, however long the name."""
    return hashlib.sha256(f"{username}\0{address}".encode()).digest()


def _lock_number(key: bytes) -> int:
    return int.from_bytes(key[:4], signed=True)


def _recent_attempts(key: bytes) -> Select[*tuple[Any, ...]]:
    """The attempts that count, the newest first, with the seconds that each will still count."""
    age = func.statement_timestamp() - LoginAttempt.attempted_at
    return (
        select(
            or_(LoginAttempt.failed, age > ABANDONED).label("failed"),
            func.extract("epoch", WINDOW - age).label("seconds_left"),
        )
        .where(LoginAttempt.login_key == key, LoginAttempt.attempted_at > func.statement_timestamp() - WINDOW)
        .order_by(LoginAttempt.attempted_at.desc())
    )


def _clearing_old_attempts() -> Delete:
    """Each login removes more than it adds, so the table stays as small as five minutes of logins."""
    old = (
        select(LoginAttempt.id)
        .where(LoginAttempt.attempted_at < func.statement_timestamp() - WINDOW)
        .order_by(LoginAttempt.attempted_at)
        .limit(CLEARED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return delete(LoginAttempt).where(LoginAttempt.id.in_(old))
