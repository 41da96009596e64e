"""Request buffering: small bodies are gathered by the event loop before a thread is taken.

nginx does so (proxy_request_buffering), and buffers long ones too, on its disk; here these are read by threads of
their own (server.body_threads), straight into what stores them.
"""

import contextlib
import time
from collections.abc import Callable

from gunicorn.http.errors import ParseException

from app.errors import Overloaded, UploadInterrupted, UploadTimedOut
from app.server import routes
from app.server.connection import Connection, State
from app.server.event_loop import READABLE
from app.server.limits import Limits
from app.server.waiting import Waiting

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TOO_SLOW = "The body of the request took too long. Send it again."
NO_ROOM = "Too many requests are being received at once. Try again."

AT_ONCE = 8
"""Blocks of one body that are taken before the event loop looks at others."""


class Gathering:
    """The small bodies that are on their way, and those whose requests are being served."""

    def __init__(
        self,
        waiting: Waiting,
        limits: Limits,
        serve: Callable[[Connection], None],
        refuse: Callable[[Connection, Exception], None],
        close: Callable[[Connection], None],
    ) -> None:
        self._waiting = waiting
        self._limits = limits
        self._serve = serve
        self._refuse = refuse
        self._close = close
        self._held = 0

    def ask(self, conn: Connection) -> None:
        """Let a client send that has asked first and was let in."""
        conn.body.expects_continue = False
        with contextlib.suppress(OSError):
            conn.sock.send(CONTINUE)
        self.start(conn)

    def start(self, conn: Connection) -> None:
        """Gather the body of `conn`, then have its request served."""
        conn.state = State.BODY
        limits = self._limits
        seconds = limits.upload_timeout if routes.is_upload(conn.request) else limits.body_timeout
        conn.began = time.monotonic()
        conn.body_deadline = conn.began + seconds
        self._receive(conn)

    def _receive(self, conn: Connection) -> None:
        try:
            is_here = _take(conn)
        except (EOFError, ParseException) as error:
            self._refuse(conn, UploadInterrupted() if isinstance(error, EOFError) else error)
        except OSError:
            self._close(conn)
        else:
            self._hold(conn)
            if self._held > self._limits.gathered:
                self._refuse(conn, Overloaded(NO_ROOM))
            elif is_here:
                self._serve(conn)
            else:
                self._wait(conn)

    def _wait(self, conn: Connection) -> None:
        seconds = conn.body_deadline - time.monotonic()
        if routes.is_upload(conn.request):
            seconds = min(seconds, self._limits.stall_timeout)
        self._waiting.add(conn, READABLE, self._receive, self._give_up, seconds)

    def _give_up(self, conn: Connection) -> None:
        self._refuse(conn, UploadTimedOut() if routes.is_upload(conn.request) else UploadTimedOut(TOO_SLOW))

    def _hold(self, conn: Connection) -> None:
        size = len(conn.body.content) + len(conn.received)
        self._held += size - conn.gathered
        conn.gathered = size

    def release(self, conn: Connection) -> None:
        """Its body is no longer held."""
        self._held -= conn.gathered
        conn.gathered = 0


def _take(conn: Connection) -> bool:
    """Take what has come of the body; whether it is here, or too long to be gathered. Raises as `receive`, `take`."""
    body = conn.body
    for _ in range(AT_ONCE):
        if body.is_complete or body.is_long or not conn.receive():
            break
        body.take()
    return bool(body.is_complete or body.is_long)
