"""Backpressure without threads: an answer whose client takes no more is parked until its socket is writable."""

import logging
import time
from collections.abc import Callable

from app.server.connection import Connection, State
from app.server.event_loop import WRITABLE
from app.server.limits import Limits
from app.server.waiting import Waiting

LOOKS = 12
"""How often progress is looked at within stall_timeout: the kernel may empty its buffers without waking us."""

log = logging.getLogger(__name__)


class Parking:
    """Connections whose client has to take something first."""

    def __init__(
        self,
        waiting: Waiting,
        limits: Limits,
        resume: Callable[[Connection], None],
        cut: Callable[[Connection], None],
    ) -> None:
        self._waiting = waiting
        self._limits = limits
        self._resume = resume
        self._cut = cut

    def start(self, conn: Connection) -> None:
        """Go on with the answer when the client takes more of it."""
        if conn.is_closed:
            self._resume(conn)
            return
        conn.state = State.READER
        conn.start_watching_progress()
        self._waiting.add(conn, WRITABLE, self._resume, self._look, self._limits.stall_timeout / LOOKS)

    def _look(self, conn: Connection) -> None:
        stalled = conn.stalled_for()
        if stalled >= self._limits.stall_timeout:
            log.info("cut an answer: its client took nothing for %d s", self._limits.stall_timeout)
            self._cut(conn)
            return
        if stalled < self._limits.stall_timeout / LOOKS:
            self._waiting.heard(conn)
        conn.expires = time.monotonic() + self._limits.stall_timeout / LOOKS
