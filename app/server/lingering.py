"""Lingering close: what a client still sends after its answer is discarded for a while, so that it sees the answer.

Closed at once, the connection would be reset by the client's next byte, and the answer lost with it.
"""

import time
from collections.abc import Callable

from app.server.connection import Connection, State
from app.server.event_loop import READABLE
from app.server.limits import Limits
from app.server.waiting import Waiting


class Lingering:
    """Connections whose last answer is sent."""

    def __init__(self, waiting: Waiting, limits: Limits, close: Callable[[Connection], None]) -> None:
        self._waiting = waiting
        self._limits = limits
        self._close = close

    def start(self, conn: Connection) -> bool:
        """Let the client see the end of its answer; False if it is gone."""
        if not conn.shut():
            return False
        conn.state = State.LINGERING
        self._wait(conn, self._limits.linger)
        return True

    def _wait(self, conn: Connection, seconds: float) -> None:
        self._waiting.add(conn, READABLE, self._discard, self._close, seconds)

    def _discard(self, conn: Connection) -> None:
        if conn.discard():
            self._wait(conn, conn.expires - time.monotonic())
        else:
            self._close(conn)
