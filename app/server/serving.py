"""Request execution: a thread calls the application (PEP 3333), sends its answer, and takes the next that is there."""

import contextlib
import functools
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException

from app.errors import Overloaded, PieceCut
from app.server import routes
from app.server.client_socket import never_block
from app.server.connection import Connection
from app.server.gathering import CONTINUE
from app.server.limits import Limits
from app.server.refusals import refuse
from app.server.request_body import BodyNotHere, GatheredBody, WsgiInput
from app.server.response import FileBlocks, ResponseCutShort, Sending, StreamedResponse
from app.server.thread_pool import Bulkhead, Permit, ThreadPool
from app.telemetry import exchange

LOGIN_QUEUE_FULL = "opamp_packages.login_queue_full"
"""In the WSGI environ of a login that can only be refused, by what is known without waiting: the queue has no place, or
it has waited in it for too long."""
STOPPING = "The service stops; what came of the piece is kept. Ask for the offset with HEAD, and go on from there."
NO_THREAD = "Too many requests with long bodies are being received at once. Try again."

log = logging.getLogger(__name__)


class Outcome(Enum):
    """What a thread leaves of a connection."""

    KEEP = "answered; the next request may come"
    CLOSE = "answered, or gone; no other request may come"
    PARKED = "the client takes no more; the event loop resumes it when the socket is writable"
    BEGUN = "answered; the head of the next request is parsed, which is not for this thread"
    ASK_FOR_BODY = "let in; the body is to be gathered, and the application called again"


class RequestHandler:
    """Serves requests in threads: so many ordinary ones at once, so many that wait for a long body, so many logins."""

    def __init__(self, application: Any, cfg: Any, limits: Limits) -> None:
        self.is_stopping = False
        self._application = application
        self._cfg = cfg
        self._limits = limits
        self._pool = ThreadPool()
        self._ordinary = Bulkhead(cfg.threads)
        self._bodies = Bulkhead(limits.body_threads)
        self._logins = Bulkhead(limits.login_threads, limits.login_queue)

    def start(self, conn: Connection, done: Callable[[Connection, Outcome], None]) -> None:
        """Have a thread serve the request of `conn`, or go on with its answer; `done` is called in that thread."""

        def task(permit: Permit) -> None:
            done(conn, self._handle(conn, permit))

        if conn.sending is not None or not routes.is_login(conn.request):
            self._pool.submit(self._ordinary, task)
            return
        give_up = time.monotonic() + self._limits.login_wait

        def login(permit: Permit) -> None:
            conn.login_queue_full = time.monotonic() > give_up
            task(permit)

        if not self._pool.submit(self._logins, login):
            conn.login_queue_full = True
            self._pool.submit(self._ordinary, task)

    def _handle(self, conn: Connection, permit: Permit) -> Outcome:
        """Serve requests while they come at once. Never raises."""
        while (outcome := self._serve(conn, permit)) is Outcome.KEEP and self._has_next(conn, permit):
            try:
                # The answer that is out is not the one to the next head, if that can only be refused.
                conn.end_request()
                conn.begin_request()
            except Exception as error:  # noqa: BLE001 - as in _serve
                self._end_badly(conn, error)
                return Outcome.CLOSE
            if not conn.body.is_complete or routes.is_login(conn.request):
                return Outcome.BEGUN
        return outcome

    def _has_next(self, conn: Connection, permit: Permit) -> bool:
        """Whether the next request begins in a moment; the way through the event loop costs as much as a small one."""
        if self._has_others_to_serve(permit):
            return False
        if conn.has_head():
            return True
        try:
            if not conn.wait_readable(self._limits.keepalive_spin) or not conn.receive():
                return False
        except (EOFError, OSError):
            return False
        return conn.has_head() and not self._has_others_to_serve(permit)

    def _has_others_to_serve(self, permit: Permit) -> bool:
        return bool(self._ordinary.waiting) or permit.bulkhead is not self._ordinary or self.is_stopping

    def _serve(self, conn: Connection, permit: Permit) -> Outcome:
        try:
            conn.sending = conn.sending or self._responding(conn, permit)
            for _ in conn.sending:
                # At once: to wait a moment for the client first gained nothing, measured in pairs.
                return Outcome.PARKED
        except BodyNotHere:
            conn.sending = None
            return Outcome.ASK_FOR_BODY
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends this connection and no other
            self._end_badly(conn, error)
            conn.keeps_alive = False
        conn.sending = None
        return Outcome.KEEP if conn.keeps_alive else Outcome.CLOSE

    def _responding(self, conn: Connection, permit: Permit) -> Sending:
        conn.keeps_alive = False
        conn.response = None
        body = conn.request.body = self._input(conn, permit)
        response, environ = self._environment(conn)
        conn.response = response
        result = self._application(environ, functools.partial(self._start_response, response, body))
        try:
            yield from response.send(result)
        finally:
            environ[exchange.BYTES_OUT] = response.sent
            if hasattr(result, "close"):
                result.close()
        conn.keeps_alive = not response.should_close() and body.is_complete

    def _input(self, conn: Connection, permit: Permit) -> GatheredBody | WsgiInput:
        if conn.body.is_complete:
            return GatheredBody(conn.body.content)
        ask = functools.partial(self._ask_for_body, conn, permit)
        check = self._end_piece if routes.is_piece(conn.request) else _go_on
        return WsgiInput(conn.body.framing(), conn.sock, stall=self._limits.stall_timeout, ask=ask, check=check)

    def _end_piece(self) -> None:
        """A piece can be gone on with elsewhere: a stop need not wait for it. Raises PieceCut."""
        if self.is_stopping:
            raise PieceCut(STOPPING)

    def _ask_for_body(self, conn: Connection, permit: Permit) -> None:
        """The application wants a body that is not here: from now on this thread waits, or another way is taken.

        Raises BodyNotHere for a small one, Overloaded if all threads for long ones are taken.
        """
        if not conn.body.is_long:
            raise BodyNotHere
        if not self._pool.exchange(permit, self._bodies):
            raise Overloaded(NO_THREAD)
        if conn.body.expects_continue:
            never_block(conn.sock)
            with contextlib.suppress(OSError):
                conn.sock.send(CONTINUE)

    def _environment(self, conn: Connection) -> tuple[StreamedResponse, dict[str, Any]]:
        response, environ = wsgi.create(
            conn.request, conn.sock, conn.client, conn.server, self._cfg, response_class=StreamedResponse
        )
        environ["wsgi.multithread"] = True
        environ["wsgi.file_wrapper"] = FileBlocks
        if conn.login_queue_full:
            environ[LOGIN_QUEUE_FULL] = True
        return response, environ

    def _start_response(self, response: StreamedResponse, body: GatheredBody | WsgiInput, *args: Any) -> Any:
        if self.is_stopping or not body.is_complete:
            response.force_close()
        return response.start_response(*args)

    def _end_badly(self, conn: Connection, error: BaseException) -> None:
        """Answer what was not answered yet; log what is our fault or the storage's."""
        if isinstance(error, OSError | NoMoreData):
            log.debug("a client is gone: %s", error)
            return
        if conn.response is not None and conn.response.headers_sent:
            log.error("an answer was cut: %s", error, exc_info=not isinstance(error, ResponseCutShort))
            return
        if not isinstance(error, ParseException):
            log.error("unexpected error", exc_info=error)
        # What the application has answered is in its account already, with the status that it chose.
        refuse(conn, error, is_noted=conn.response is not None and conn.response.status is not None)


def _go_on() -> None:
    """What is not sent in pieces is waited for."""
