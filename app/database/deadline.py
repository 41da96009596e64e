"""One request's time budget for PostgreSQL, and what happens when it is used up.

A frozen server cannot be told by connect_timeout, statement_timeout or tcp_user_timeout: the kernel goes on
acknowledging. So the socket of whoever is overdue is shut down (app.database.watchdog), which ends libpq's wait.
Commands and migrations have no budget and wait for as long as it takes.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import psycopg2
from sqlalchemy.exc import DBAPIError

from app.database.watchdog import WATCHDOG, Watch

REQUEST_BUDGET = 1.5
"""Seconds that a request may wait for PostgreSQL, all its statements together."""

_thread = threading.local()


class DatabaseTimeout(psycopg2.OperationalError):  # type: ignore[misc]  # psycopg2 has no types
    """PostgreSQL was silent for as long as the request could wait."""


class OutOfTime(psycopg2.OperationalError):  # type: ignore[misc]
    """A request had no time left to ask PostgreSQL anything, which says nothing of PostgreSQL."""


def set_budget(seconds: float | None) -> None:
    """Give this thread `seconds` of waiting from now on; None removes the limit."""
    _thread.remaining = seconds


def remaining() -> float | None:
    """Seconds of waiting that this thread has left; None where there is no limit."""
    return getattr(_thread, "remaining", None)


@contextlib.contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Give this thread `seconds` of waiting for the block, and what it had before afterwards."""
    before = remaining()
    set_budget(seconds)
    try:
        yield
    finally:
        set_budget(before)


def spend(seconds: float) -> None:
    """Take `seconds` off this thread's budget."""
    left = remaining()
    if left is not None:
        set_budget(left - seconds)


class Bounded:
    """A block that waits for PostgreSQL: its time is spent, and its connection is cut when the budget is used up.

    Raises OutOfTime where nothing is left at the beginning, DatabaseTimeout in place of what psycopg2 says of a cut.
    """

    __slots__ = ("_before", "_started", "_watch", "until")

    def __enter__(self) -> Self:
        left = remaining()
        self._started = time.monotonic()
        self._watch: Watch | None = None
        self.until = None if left is None else self._started + left
        if left is not None and left <= 0:
            raise OutOfTime("nothing is left of the request's time for PostgreSQL")
        self._before = current()
        _thread.bounded = self
        return self

    def on(self, driver: Any) -> None:
        """What the block waits for from now on."""
        if self.until is not None:
            self._release()
            self._watch = WATCHDOG.watch(driver, self.until)

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        _thread.bounded = self._before
        spend(time.monotonic() - self._started)
        if self._release() and isinstance(error, psycopg2.Error | DBAPIError):
            raise DatabaseTimeout("PostgreSQL did not answer in time") from error

    def _release(self) -> bool:
        """Stop watching; returns whether the connection was cut, which is closed then."""
        watch, self._watch = self._watch, None
        if watch is None or not WATCHDOG.release(watch):
            return False
        watch.driver.close()
        return True


def judged(error: Any) -> Any:
    """`error`, or DatabaseTimeout if it comes when the innermost block's time is over."""
    bounded = current()
    if bounded is None or bounded.until is None or time.monotonic() < bounded.until:
        return error
    return DatabaseTimeout(str(error))


def current() -> Bounded | None:
    """The innermost block that this thread is in."""
    return getattr(_thread, "bounded", None)
