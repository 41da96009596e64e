"""The life of a worker's connections between their threads: heads, keep-alive, eviction, close.

All of it runs on the event loop, so that a client that has to be waited for costs a socket and no thread.
"""

import logging
import time
from collections.abc import Callable

from app.server.connection import Connection, State
from app.server.event_loop import READABLE, EventLoop
from app.server.gathering import Gathering
from app.server.limits import Limits
from app.server.lingering import Lingering
from app.server.parking import Parking
from app.server.refusals import refuse
from app.server.serving import Outcome
from app.server.waiting import Waiting

log = logging.getLogger(__name__)


class Connections:
    """Every connection that was accepted and not closed. `work` has a thread serve or go on with a request."""

    def __init__(
        self, loop: EventLoop, limits: Limits, work: Callable[[Connection], None], on_change: Callable[[int], None]
    ) -> None:
        self.count = 0
        self._loop = loop
        self._limits = limits
        self._work = work
        self._on_change = on_change
        self._is_stopping = False
        self._waiting = Waiting(loop)
        self._lingering = Lingering(self._waiting, limits, self.close)
        self._parking = Parking(self._waiting, limits, self._start, self._cut)
        self._gathering = Gathering(self._waiting, limits, self._start, self._refuse, self.close)

    def add(self, conn: Connection) -> None:
        """Take a new connection."""
        self._count(1)
        # Most clients send at once: a look costs less than a wait.
        self._read_head(conn)

    def finished(self, conn: Connection, outcome: Outcome) -> None:
        """Take a connection back from its thread."""
        if outcome is Outcome.PARKED:
            self._parking.start(conn)
            return
        if outcome is Outcome.ASK_FOR_BODY:
            self._gathering.ask(conn)
            return
        if outcome is Outcome.BEGUN:
            self._route(conn)
            return
        self._gathering.release(conn)
        conn.end_request()
        if outcome is Outcome.CLOSE:
            self._linger(conn)
        elif conn.has_head():
            self._begin(conn)
        else:
            self._await_head(conn, self._limits.head_timeout if conn.received else self._limits.keepalive)

    def _await_head(self, conn: Connection, seconds: float) -> None:
        if conn.received and conn.state is not State.HEAD:
            conn.began = time.monotonic()
        conn.state = State.HEAD if conn.received else State.IDLE
        if self._is_stopping:
            # A client was told that it may go on, and may just be sending.
            seconds = min(seconds, self._limits.linger)
        self._waiting.add(conn, READABLE, self._read_head, self._give_up_head, seconds)

    def _read_head(self, conn: Connection) -> None:
        seen = len(conn.received)
        try:
            conn.receive()
        except (EOFError, OSError):
            self.close(conn)
            return
        if conn.has_head(seen):
            self._begin(conn)
        else:
            left = conn.expires - time.monotonic()
            self._await_head(conn, left if seen else self._limits.head_timeout)

    def _give_up_head(self, conn: Connection) -> None:
        if conn.received:
            self._refuse(conn, TimeoutError())
        else:
            self.close(conn)

    def _begin(self, conn: Connection) -> None:
        try:
            conn.begin_request()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this connection and no other
            self._refuse(conn, error)
            return
        self._route(conn)

    def _route(self, conn: Connection) -> None:
        """Have a request served whose body is here; or not, if its token, role and headers are to be seen first."""
        body = conn.body
        if body.is_complete or body.is_long or body.expects_continue:
            self._start(conn)
        else:
            self._gathering.start(conn)

    def _start(self, conn: Connection) -> None:
        conn.state = State.WORK
        self._work(conn)

    def _refuse(self, conn: Connection, error: Exception) -> None:
        """Answer a request that the application never sees."""
        self._waiting.remove(conn)
        refuse(conn, error)
        self._gathering.release(conn)
        self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        if conn.is_closed or not self._lingering.start(conn):
            self.close(conn)

    @property
    def can_make_room(self) -> bool:
        """Whether there is one that no thread works on."""
        return self._waiting.longest_silent() is not None

    def make_room(self) -> None:
        """Close the connection whose client has been silent longest, whatever it waits for."""
        conn = self._waiting.longest_silent()
        if conn is not None and conn.state is State.READER:
            self._cut(conn)
        elif conn is not None:
            self.close(conn)

    def _cut(self, conn: Connection) -> None:
        """End an answer in its midst. Its thread does the rest: that closes what is read from the storage."""
        self.close(conn)
        self._start(conn)

    def close(self, conn: Connection) -> None:
        """Forget a connection; once closed it may come back from a thread."""
        if conn.is_closed:
            return
        self._waiting.remove(conn)
        self._gathering.release(conn)
        self._loop.forget(conn.descriptor)
        conn.close()
        self._count(-1)

    def _count(self, change: int) -> None:
        self.count += change
        self._on_change(self.count)

    def expire(self) -> None:
        """End the waits that are over."""
        self._waiting.expire()

    def stop(self) -> None:
        """From now on wait for requests that have begun, and for others no longer than clients need to send them."""
        self._is_stopping = True
        deadline = time.monotonic() + self._limits.linger
        for conn in self._waiting.everyone():
            if conn.state in (State.IDLE, State.HEAD):
                conn.expires = min(conn.expires, deadline)

    def close_all(self) -> None:
        """End what still waits."""
        for conn in self._waiting.everyone():
            self.close(conn)
