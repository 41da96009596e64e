"""Sending an object: conditions and range are decided from its row, then the storage is asked once."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, cast

from flask import Response, request, send_file
from werkzeug.http import http_date

from app.http.conditions import Outcome, RangeNotSatisfiable, Validators, evaluate, requested_range
from app.http.problems import problem
from app.storage.base import ObjectReader

OpenObject = Callable[[int, int], ObjectReader]
"""Opens `length` bytes from `start` on; the storage has answered when it returns."""


@dataclass(frozen=True, slots=True)
class Download:
    """What the row says of an object: `size` in bytes, `checksum` its SHA-256 in hex."""

    file_name: str
    content_type: str
    size: int
    checksum: str
    last_modified: datetime


def send_object(download: Download, open_object: OpenObject) -> Response:
    """Answer the current GET or HEAD: 200, 206, 304, 412 or 416.

    Only for a body that is sent is `open_object` called, once, before any header is; the reader is closed when
    the body is over or given up. Raises what `open_object` raises.
    """
    validators = Validators.of(download.checksum, download.last_modified)
    match evaluate(request.headers, validators):
        case Outcome.FAILED:
            return _precondition_failed()
        case Outcome.NOT_MODIFIED:
            return _described(Response(status=304), download, validators)
    try:
        part = _requested(download, validators)
    except RangeNotSatisfiable:
        return _range_not_satisfiable(download.size)
    return _described(_body(download, part, open_object), download, validators)


def _requested(download: Download, validators: Validators) -> range | None:
    """The part that is asked for, None for all; HEAD ignores Range and If-Range (RFC 9110, 14.2)."""
    if request.method == "HEAD":
        return None
    return requested_range(request.headers, validators, download.size)


def _body(download: Download, part: range | None, open_object: OpenObject) -> Response:
    sent = range(download.size) if part is None else part
    reader = io.BytesIO() if request.method == "HEAD" else open_object(sent.start, len(sent))
    response = send_file(
        cast("IO[bytes]", reader),
        as_attachment=True,
        download_name=download.file_name,
        conditional=False,
        etag=False,
        mimetype=download.content_type,
    )
    response.content_length = len(sent)
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{download.size}"
    return response


def _described(response: Response, download: Download, validators: Validators) -> Response:
    response.set_etag(download.checksum)
    response.headers["Content-Type"] = download.content_type
    response.headers["Last-Modified"] = http_date(validators.last_modified)
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
