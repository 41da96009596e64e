"""Download responses: 200, 206, 304, 412 and 416 decided from the row; then the storage is asked once."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, cast

from flask import Response, request
from werkzeug.http import http_date
from werkzeug.wsgi import wrap_file

from app.http.downloads.conditions import Outcome, RangeNotSatisfiable, Validators, evaluate, requested_range
from app.http.downloads.content_disposition import attachment
from app.http.problems import problem
from app.storage.interface import ObjectReader

OpenObject = Callable[[int, int], ObjectReader]
"""Opens `length` bytes from `start` on; the storage has answered when it returns."""

MakeBody = Callable[[range | None], Response]
"""Makes the response that these bytes, or None for all, come with."""


@dataclass(frozen=True, slots=True)
class Download:
    """What the row says of an object: `size` in bytes, `checksum` its SHA-256 in hex."""

    file_name: str
    content_type: str
    size: int
    checksum: str
    last_modified: datetime


def send_object(download: Download, open_object: OpenObject) -> Response:
    """Answer the current GET or HEAD with the object's bytes: 200, 206, 304, 412 or 416.

    Only for a body that is sent is `open_object` called, once, before any header is; the reader is closed when
    the body is over or given up. Raises what `open_object` raises.
    """

    def body(part: range | None) -> Response:
        sent = range(download.size) if part is None else part
        reader = open_object(sent.start, len(sent))
        wrapped = wrap_file(request.environ, cast("IO[bytes]", reader))
        response = Response(wrapped, direct_passthrough=True)
        response.content_length = len(sent)
        return response

    return answer_download(download, body)


def answer_download(download: Download, body: MakeBody) -> Response:
    """Decide the current GET or HEAD from the row; `body` is called for a GET that bytes answer."""
    validators = Validators.of(download.checksum, download.last_modified)
    match evaluate(request.headers, validators):
        case Outcome.FAILED:
            return _precondition_failed()
        case Outcome.NOT_MODIFIED:
            return not_modified(download)
    if request.method == "HEAD":  # which ignores Range and If-Range (RFC 9110, 14.2)
        return _described_whole(download)
    try:
        part = requested_range(request.headers, validators, download.size)
    except RangeNotSatisfiable:
        return _range_not_satisfiable(download.size)
    response = body(part)
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{download.size}"
    return _attached(response, download)


def not_modified(download: Download) -> Response:
    """304 with what a client may renew its copy by."""
    return _described(Response(status=304), download)


def _described_whole(download: Download) -> Response:
    response = Response()
    response.content_length = download.size
    return _attached(response, download)


def _attached(response: Response, download: Download) -> Response:
    response.headers["Content-Disposition"] = attachment(download.file_name)
    return _described(response, download)


def _described(response: Response, download: Download) -> Response:
    response.set_etag(download.checksum)
    response.headers["Content-Type"] = download.content_type
    response.headers["Last-Modified"] = http_date(download.last_modified)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Repr-Digest"] = repr_digest(download.checksum)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    return response


def repr_digest(checksum: str) -> str:
    """A SHA-256 in hex as the Repr-Digest header has it (RFC 9530, 3)."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(checksum)).decode('ascii')}:"


def _precondition_failed() -> Response:
    detail = "The package is not the one that If-Match or If-Unmodified-Since asks for."
    return problem(412, "precondition-failed", "Precondition failed", detail)


def _range_not_satisfiable(size: int) -> Response:
    detail = f"The range begins beyond the end; the file has {size} bytes."
    response = problem(416, "range-not-satisfiable", "Range not satisfiable", detail)
    response.headers["Content-Range"] = f"bytes */{size}"
    return response
