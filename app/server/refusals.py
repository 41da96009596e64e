"""Error pages of the server itself, as problem+json (RFC 9457): what is refused before the application sees it.

They are in the access log and the metrics as all answers are, under the route of what no route takes. Nothing of it
waits, so that the event loop can do it.
"""

import logging
import re
import time
from email.utils import formatdate
from http import HTTPStatus

import orjson
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    ExpectationFailed,
    InvalidChunkExtension,
    InvalidChunkSize,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

from app.errors import ServiceError, Unavailable
from app.http.problems import MEDIA_TYPE, PROBLEMS, RETRY_AFTER
from app.server.client_socket import never_block
from app.server.connection import Connection
from app.server.request_body import MALFORMED
from app.telemetry.access_log import log_exchange
from app.telemetry.exchange import METHODS, UNMATCHED, Exchange, tell
from app.telemetry.metrics import count_exchange
from app.telemetry.request_id import HEADER, new_id

LINE_LIMIT = 8190
"""Bytes of a request line, and of a header line."""

_OFFERED_ID = re.compile(rb"\r\nx-request-id:[ \t]*([A-Za-z0-9._-]{1,64})[ \t]*\r\n", re.IGNORECASE)
_INTERNAL = (500, "internal", "Something went wrong inside the service. Report it with the request id.")
_MALFORMED_BODY = (400, "bad-request", MALFORMED)
_REFUSED: dict[type[BaseException], tuple[int, str, str]] = {
    LimitRequestLine: (414, "uri-too-long", f"The request line may have at most {LINE_LIMIT} bytes."),
    LimitRequestHeaders: (431, "headers-too-large", f"A header line may have at most {LINE_LIMIT} bytes, all 65536."),
    ExpectationFailed: (417, "expectation-failed", "The only expectation that can be met is 100-continue."),
    InvalidChunkSize: _MALFORMED_BODY,
    InvalidChunkExtension: _MALFORMED_BODY,
    ChunkMissingTerminator: _MALFORMED_BODY,
    ParseException: (400, "bad-request", "The head of the request is not valid HTTP/1.1 (RFC 9112)."),
    TimeoutError: (408, "request-timeout", "The head of the request took too long."),
}

OBSERVERS = (log_exchange, count_exchange)

log = logging.getLogger(__name__)


def refuse(conn: Connection, error: BaseException, *, is_noted: bool = False) -> None:
    """Answer what the application never sees, or could not answer, as far as that goes at once; and note it."""
    head = conn.head or bytes(conn.received)
    status, body, request_id = _content(error, head)
    try:
        never_block(conn.sock)
        conn.sock.send(_answer(error, head, status, body, request_id))
    except OSError as gone:
        log.debug("a refusal could not be sent: %s", gone)
        body = b""
    if not is_noted:
        _note(conn, head, status, request_id, len(body))


def refusal(error: BaseException, head: bytes) -> bytes:
    """The whole answer to a request whose `head` met `error`; the connection closes after it."""
    return _answer(error, head, *_content(error, head))


def _content(error: BaseException, head: bytes) -> tuple[int, bytes, str]:
    """Status, body and the request's id."""
    status, name, title, detail = _problem(error)
    offered = _OFFERED_ID.search(head)
    request_id = offered[1].decode("ascii") if offered else new_id()
    body = orjson.dumps(
        {
            "type": f"urn:opamp-packages:problem:{name}",
            "title": title,
            "status": status,
            "detail": detail,
            "request_id": request_id,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    return status, body, request_id


def _answer(error: BaseException, head: bytes, status: int, body: bytes, request_id: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        f"{HEADER}: {request_id}",
        *([f"Retry-After: {RETRY_AFTER}"] if isinstance(error, Unavailable) else []),
    ]
    # An answer to HEAD has no body, and its headers are those of a GET.
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if head.startswith(b"HEAD ") else body)


def _note(conn: Connection, head: bytes, status: int, request_id: str, sent: int) -> None:
    """Account for a refusal. Of the head it tells the method: all else is the client's to invent."""
    method = head[:8].partition(b" ")[0].decode("latin-1")
    ended = Exchange(
        request_id=request_id,
        method=method if method in METHODS else "other",
        route=UNMATCHED,
        address=str(conn.client[0]),
        user=None,
        status=status,
        bytes_in=conn.gathered,
        bytes_out=0 if method == "HEAD" else sent,
        seconds=time.monotonic() - conn.began if conn.began else 0.0,
    )
    tell(ended, OBSERVERS)


def _problem(error: BaseException) -> tuple[int, str, str, str]:
    """Status, name, title and detail."""
    kinds = type(error).__mro__
    if isinstance(error, ServiceError):
        return (*next(PROBLEMS[kind] for kind in kinds if kind in PROBLEMS), error.detail)
    status, name, detail = next((_REFUSED[kind] for kind in kinds if kind in _REFUSED), _INTERNAL)
    return status, name, HTTPStatus(status).phrase, detail
