"""The gunicorn worker of the service: gthread, where a thread works on a request and never waits for a slow head,
a slow reader or a refused upload. gunicorn's version is pinned, since this stands on its parts.
"""

import functools
from collections import deque
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException

from app.server.connection import Connection, Head
from app.server.event_loop import Outcome, PollingWorker
from app.server.framing import framing_of
from app.server.request_body import ClientInput
from app.server.response import Answer, AnswerCutShort, FileBlocks, Sending
from app.telemetry import exchange


class Worker(PollingWorker):
    """Serves requests, each in a thread from its whole head to its answer's last byte.

    Where the client takes no more, the thread leaves the answer to the poller, and one goes on when it does.
    """

    patience = 0.25
    """Seconds for which a thread waits for a client that takes no more, as long as no other request waits for one."""

    eagerness = 0.002
    """Seconds for which a thread that has nothing else to do waits for the next request on its connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._due: deque[Connection] = deque()

    def enqueue_req(self, conn: Connection) -> None:
        """Leave a connection to the next thread."""
        self._due.append(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Connection) -> Outcome:
        """Serve one request, or go on with its answer; and the next ones, while they come at once. Never raises."""
        self._due.popleft()
        outcome = self._serve(conn)
        while outcome is Outcome.KEEP and self._is_next_here(conn):
            outcome = self._serve(conn)
        return outcome

    def _is_next_here(self, conn: Connection) -> bool:
        """Whether the next request begins in a moment; the way through the poller costs as much as a small request."""
        conn.take_buffered()
        if conn.inspect_head() is Head.PARTIAL:
            if self._due or not self.alive or not conn.wait_readable(self.eagerness):
                return False
            if conn.receive_head() is not Head.READY:
                return False
        if self._due:
            return False
        conn.use_head()
        return True

    def _serve(self, conn: Connection) -> Outcome:
        try:
            conn.sending = conn.sending or self._serving(conn)
            for _ in conn.sending:
                if not conn.wait_writable(0 if self._due else self.patience):
                    return Outcome.PARKED
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this connection and no other
            self._end_badly(conn, error)
            conn.keeps_alive = False
        conn.sending = None
        return Outcome.KEEP if conn.keeps_alive else Outcome.CLOSE

    def _serving(self, conn: Connection) -> Sending:
        conn.keeps_alive = False
        conn.answer = None
        conn.parser.unreader.client = None
        # Else the parser reads the last body to its end, which is done, and asks the kernel for what it knows.
        conn.parser.mesg = None
        request = next(conn.parser, None)
        if request is None:
            return
        body = request.body = self._input(request, conn)
        conn.answer, environ = self._environment(request, conn)
        result = self.wsgi(environ, functools.partial(self._start_response, conn.answer, body))
        try:
            yield from conn.answer.sending(result)
        finally:
            environ[exchange.BYTES_OUT] = conn.answer.sent
            if hasattr(result, "close"):
                result.close()
        conn.keeps_alive = not conn.answer.should_close() and (body.is_complete or body.drain(self.linger))

    def _input(self, request: Any, conn: Connection) -> ClientInput:
        # gunicorn would send 100 Continue before the application has looked at the head: clear its mark.
        expects_continue = vars(request)["_expected_100_continue"]
        vars(request)["_expected_100_continue"] = False
        framing = framing_of(request.body, conn.parser.unreader)
        return ClientInput(framing, conn.sock, stall=self.stall_timeout, expects_continue=expects_continue)

    def _environment(self, request: Any, conn: Connection) -> tuple[Answer, dict[str, Any]]:
        answer, environ = wsgi.create(request, conn.sock, conn.client, conn.server, self.cfg, response_class=Answer)
        environ["wsgi.multithread"] = True
        environ["wsgi.file_wrapper"] = FileBlocks
        return answer, environ

    def _start_response(self, answer: Answer, body: ClientInput, *args: Any) -> Any:
        if not self.alive or not body.is_drainable:
            answer.force_close()
        return answer.start_response(*args)

    def _end_badly(self, conn: Connection, error: Exception) -> None:
        """Answer what was not answered yet; log what is our fault or the storage's."""
        if isinstance(error, OSError | NoMoreData):
            self.log.debug("a client is gone: %s", error)
            return
        if conn.answer is not None and conn.answer.headers_sent:
            self.log.error("an answer was cut: %s", error, exc_info=not isinstance(error, AnswerCutShort))
            return
        if not isinstance(error, ParseException):
            self.log.error("unexpected error", exc_info=error)
        self.send_refusal(conn, error)
