"""Content-Encoding and Content-Range of requests: what is sent is the whole of it, and nothing is to be unpacked.

Stored as it comes, a coded file would be published as another file, and a part of one as the whole.
"""

from typing import Any

from app.errors import BadRequest, UnsupportedMediaType

_WHOLE_ONLY = frozenset({"PUT", "POST"})


def refuse_coding(header: str) -> None:
    """Raises UnsupportedMediaType for any Content-Encoding but `identity`."""
    if any(coding.strip().lower() not in ("", "identity") for coding in header.split(",")):
        raise UnsupportedMediaType("Send it without a Content-Encoding: what comes is kept as it is.")


def refuse_coded_body(environ: dict[str, Any]) -> None:
    """Raises UnsupportedMediaType if the request's body is coded, for its way or for good."""
    if environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() not in ("", "chunked"):
        raise UnsupportedMediaType("Send it with no other Transfer-Encoding than chunked: nothing is unpacked.")
    refuse_coding(environ.get("HTTP_CONTENT_ENCODING", ""))


def refuse_partial_body(environ: dict[str, Any]) -> None:
    """Raises BadRequest if the body of a PUT or POST is a part only (RFC 9110, 14.5)."""
    if environ["REQUEST_METHOD"] in _WHOLE_ONLY and "HTTP_CONTENT_RANGE" in environ:
        raise BadRequest("Send the whole body, without a Content-Range: nothing of it was stored.")
