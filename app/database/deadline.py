"""How long one request may wait for PostgreSQL altogether.

A frozen server cannot be told by connect_timeout, statement_timeout or tcp_user_timeout: the kernel goes on
acknowledging. So psycopg2 waits through a callback of ours, which polls against what is left of the request's
allowance. Commands and migrations have no allowance and wait for as long as it takes.
"""

import contextlib
import select
import threading
import time
from collections.abc import Iterator

import psycopg2
from psycopg2 import extensions

from app.database import read_gate

REQUEST_ALLOWANCE = 1.5
"""Seconds that a request may wait for PostgreSQL, all its statements together."""

_EVENTS = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}

_thread = threading.local()


class NoAnswer(psycopg2.OperationalError):  # type: ignore[misc]  # psycopg2 has no types
    """PostgreSQL was silent for as long as the request could wait."""


def allow(seconds: float | None) -> None:
    """Give this thread `seconds` of waiting from now on; None removes the limit."""
    _thread.left = seconds


def left() -> float | None:
    """Seconds of waiting that this thread has left; None where there is no limit."""
    return getattr(_thread, "left", None)


@contextlib.contextmanager
def allowance(seconds: float) -> Iterator[None]:
    """Give this thread `seconds` of waiting for the block, and what it had before afterwards."""
    before = left()
    allow(seconds)
    try:
        yield
    finally:
        allow(before)


def spend(seconds: float) -> None:
    """Take `seconds` off this thread's allowance."""
    remaining = left()
    if remaining is not None:
        allow(remaining - seconds)


def wait(connection: "extensions.connection") -> None:
    """Psycopg2's wait callback. Raises NoAnswer when the allowance is used up; psycopg2 then closes."""
    while (state := connection.poll()) != extensions.POLL_OK:
        _wait_for(connection.fileno(), _EVENTS[state])


def _wait_for(descriptor: int, event: int) -> None:
    poller = select.poll()
    poller.register(descriptor, event)
    remaining = left()
    started = time.monotonic()
    ready = read_gate.is_in_one() and poller.poll(read_gate.PATIENCE * 1000)
    if not ready:
        read_gate.leave()
        ready = poller.poll(None if remaining is None else max(remaining, 0) * 1000)
    spend(time.monotonic() - started)
    if not ready:
        raise NoAnswer("PostgreSQL did not answer in time")


def install() -> None:
    """Let every psycopg2 connection of this process wait through `wait`."""
    extensions.set_wait_callback(wait)
