"""The main thread of a worker: it holds the connections that wait, so that no thread has to.

Request heads are read here as they trickle in, slow clients waited for, and refused uploads discarded.
"""

import errno
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.server.accept_balance import Shares, Turns
from app.server.connection import Connection, Head
from app.server.refusals import refusal

_TRANSIENT = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Outcome(Enum):
    """What a thread leaves of a connection."""

    KEEP = 1
    CLOSE = 2
    PARKED = 3


class PollingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gthread's loop over connections of our own. All times in seconds."""

    head_timeout = 20.0
    """For a request's head, from its first byte on; for the first byte of a new connection too."""
    stall_timeout = 60.0
    """For a client that sends or takes no byte."""
    linger = 2.0
    """For discarding what comes after the answer."""
    tick = 0.25
    """Between two looks for waits that are over."""

    shares: Shares | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # This runs in the master, before it forks: the account is one for all.
        PollingWorker.shares = self.shares or Shares(self.cfg.workers)
        self.turns = Turns(PollingWorker.shares)
        self._watched: set[Connection] = set()
        self._next_sweep = 0.0

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or not; a stopping worker takes those that have come, and then no more ever."""
        super().set_accept_enabled(enabled)
        if enabled:
            self.turns.note(self.nr_conns)
        else:
            self.turns.pause()
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self.accept(listener):
                    pass
                # Otherwise clients would connect, and wait for an answer that never comes.
                listener.close()

    def accept(self, listener: Any) -> bool:
        """Take one new connection and wait for its first request; whether there was one."""
        if self.alive and not self.turns.is_ours():
            return False
        try:
            client, address = listener.accept()
        except OSError as error:
            self._accept_failed(error)
            return False
        self._count(1)
        self._await_head(Connection(self.cfg, client, address, listener.getsockname()), is_new=True)
        return True

    def _count(self, change: int) -> None:
        self.nr_conns += change
        if self._accepting:
            self.turns.note(self.nr_conns)

    def _accept_failed(self, error: OSError) -> None:
        if error.errno in _EXHAUSTED:
            self.log.error("cannot take a connection: %s", error)
            time.sleep(self.tick)
        elif error.errno not in _TRANSIENT:
            raise error

    def _await_head(self, conn: Connection, *, is_new: bool = False) -> None:
        """Wait for the next request: as long as connections are kept, then as long as a head may take."""
        if conn.inspect_head() is Head.READY:
            self._start(conn)
            return
        seconds = self.head_timeout if conn.head or is_new else float(self.cfg.keepalive)
        if not self.alive:
            # A client was told that it may go on, and may just be sending.
            seconds = min(seconds, self.linger)
        self._watch(conn, selectors.EVENT_READ, self._read_head, self._give_up_head, seconds)

    def _read_head(self, conn: Connection) -> None:
        was_idle = not conn.head
        match conn.receive_head():
            case Head.GONE:
                self._close(conn)
            case Head.READY:
                self._unwatch(conn)
                self._start(conn)
            case Head.PARTIAL if was_idle:
                conn.expires = time.monotonic() + self.head_timeout

    def _give_up_head(self, conn: Connection) -> None:
        if conn.head:
            self.send_refusal(conn, TimeoutError())
        self._close(conn)

    def _start(self, conn: Connection) -> None:
        conn.use_head()
        self.enqueue_req(conn)

    def finish_request(self, conn: Connection, future: "Future[Outcome]") -> None:
        """Take a connection back from its thread."""
        match future.result():
            case Outcome.PARKED:
                conn.start_watching_progress()
                self._watch(conn, selectors.EVENT_WRITE, self._resume, self._check_progress, self.stall_timeout / 12)
            case Outcome.KEEP:
                self._await_head(conn)
            case Outcome.CLOSE if conn.shut():
                self._watch(conn, selectors.EVENT_READ, self._discard, self._close, self.linger)
            case Outcome.CLOSE:
                self._close(conn)

    def _resume(self, conn: Connection) -> None:
        self._unwatch(conn)
        self.enqueue_req(conn)

    def _check_progress(self, conn: Connection) -> None:
        if conn.stalled_for() < self.stall_timeout:
            conn.expires = time.monotonic() + self.stall_timeout / 12
            return
        self.log.info("cut an answer: its client took nothing for %d s", self.stall_timeout)
        self._unwatch(conn)
        conn.abort()
        # Its thread ends the answer: that closes what is read from the storage.
        self.enqueue_req(conn)

    def _discard(self, conn: Connection) -> None:
        if not conn.discard():
            self._close(conn)

    def _watch(
        self,
        conn: Connection,
        event: int,
        on_event: Callable[[Connection], None],
        on_expiry: Callable[[Connection], None],
        seconds: float,
    ) -> None:
        conn.sock.setblocking(False)
        conn.expires = time.monotonic() + seconds
        conn.on_expiry = on_expiry
        self._watched.add(conn)
        self.poller.register(conn.sock, event, lambda _: on_event(conn))

    def _unwatch(self, conn: Connection) -> None:
        if conn in self._watched:
            self._watched.discard(conn)
            self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        self._unwatch(conn)
        self._count(-1)
        conn.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the loop; at most `tick`, so that expiries are seen."""
        super().wait_for_and_dispatch_events(min(timeout, self.tick))

    def murder_pending(self) -> None:
        """End the waits that are over; gunicorn's loop calls this in every turn."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + self.tick
        for conn in [conn for conn in self._watched if conn.expires <= now]:
            conn.on_expiry(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """With `force`, at the end of the process, close all that still waits."""
        for conn in list(self._watched) if force else ():
            self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait for the next requests until `deadline` at most: the worker stops."""
        for conn in self._watched:
            if conn.on_expiry == self._give_up_head:
                conn.expires = min(conn.expires, deadline)

    def send_refusal(self, conn: Connection, error: Exception) -> None:
        """Answer a request that the application never sees, as far as that goes at once."""
        try:
            conn.sock.setblocking(False)
            conn.sock.send(refusal(error, bytes(conn.head)))
        except OSError as gone:
            self.log.debug("a refusal could not be sent: %s", gone)
