"""Connections that wait for their client, each with a time limit, the one that has been silent longest first."""

import time
from collections.abc import Callable

from app.server.connection import Connection
from app.server.event_loop import EventLoop

OnConnection = Callable[[Connection], None]


class Waiting:
    """Whoever waits is in here; who is not has a thread, or is about to get one."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        # A dict keeps its order: whoever is heard of goes to its end.
        self._by_silence: dict[Connection, None] = {}

    def add(
        self, conn: Connection, event: int, on_event: OnConnection, on_expiry: OnConnection, seconds: float
    ) -> None:
        """Let `conn` wait for `event`, once; it has left when `on_event` is called, and not when `on_expiry` is."""
        conn.on_expiry = on_expiry
        conn.expires = time.monotonic() + seconds
        self._by_silence[conn] = None

        def left() -> None:
            if self.remove(conn):
                on_event(conn)

        self._loop.once(conn.descriptor, event, left)

    def heard(self, conn: Connection) -> None:
        """Note that the client of `conn`, which goes on waiting, has moved a byte."""
        del self._by_silence[conn]
        self._by_silence[conn] = None

    def remove(self, conn: Connection) -> bool:
        """Take it out; whether it waited."""
        return self._by_silence.pop(conn, conn) is None

    def expire(self) -> None:
        """Tell those whose time is over."""
        now = time.monotonic()
        for conn in [conn for conn in self._by_silence if conn.expires <= now]:
            conn.on_expiry(conn)

    def longest_silent(self) -> Connection | None:
        """Whose client has neither sent nor taken a byte for the longest time."""
        return next(iter(self._by_silence), None)

    def everyone(self) -> list[Connection]:
        """All of them."""
        return list(self._by_silence)
