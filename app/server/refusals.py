"""What gunicorn refuses before the application sees it, answered as a problem like everything else."""

import re
from email.utils import formatdate
from http import HTTPStatus

import orjson
from gunicorn.http.errors import ExpectationFailed, LimitRequestHeaders, LimitRequestLine, ParseException

from app.http.problems import MEDIA_TYPE
from app.telemetry.request_id import HEADER, new_id

LINE_LIMIT = 8190
"""Bytes of a request line, and of a header line."""

_OFFERED_ID = re.compile(rb"\r\nx-request-id:[ \t]*([A-Za-z0-9._-]{1,64})[ \t]*\r\n", re.IGNORECASE)
_INTERNAL = (500, "internal", "Something went wrong inside the service. Report it with the request id.")
_TIMED_OUT = (408, "request-timeout", "The head of the request took too long.")
_PROBLEMS: dict[type[Exception], tuple[int, str, str]] = {
    LimitRequestLine: (414, "uri-too-long", f"The request line may have at most {LINE_LIMIT} bytes."),
    LimitRequestHeaders: (431, "headers-too-large", f"A header line may have at most {LINE_LIMIT} bytes, all 65536."),
    ExpectationFailed: (417, "expectation-failed", "The only expectation that can be met is 100-continue."),
    ParseException: (400, "bad-request", "The head of the request is not valid HTTP/1.1 (RFC 9112)."),
    TimeoutError: _TIMED_OUT,
}


def refusal(error: Exception, head: bytes) -> bytes:
    """The whole answer to a request whose `head` met `error`; the connection closes after it."""
    status, name, detail = next((_PROBLEMS[kind] for kind in type(error).__mro__ if kind in _PROBLEMS), _INTERNAL)
    offered = _OFFERED_ID.search(head)
    request_id = offered[1].decode("ascii") if offered else new_id()
    phrase = HTTPStatus(status).phrase
    body = orjson.dumps(
        {
            "type": f"urn:opamp-packages:problem:{name}",
            "title": phrase,
            "status": status,
            "detail": detail,
            "request_id": request_id,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        f"{HEADER}: {request_id}",
    ]
    # An answer to HEAD has no body, and its headers are those of a GET.
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if head.startswith(b"HEAD ") else body)
