"""A request's body as a `ByteSource`: counted against its length, its limit and its time."""

import time
from collections.abc import Callable
from typing import Any

from app.errors import LengthRequired, TooLarge, UploadInterrupted, UploadTimedOut


class RequestBody:
    """The bytes of one request's body, read once.

    `limit` in bytes, `timeout` in seconds from now to the body's end. Raises TooLarge where Content-Length tells
    already, before anything is read.
    """

    def __init__(self, environ: dict[str, Any], *, limit: int, timeout: float) -> None:
        self.length = declared_length(environ)
        """Content-Length; None for a chunked body."""
        self.limit = limit
        self.received = 0
        self._input = environ["wsgi.input"]
        self._deadline = time.monotonic() + timeout
        if hasattr(self._input, "deadline"):
            # Our worker's: a read that waits for the client then ends in time, too.
            self._input.deadline = self._deadline
        if self.length is not None and self.length > limit:
            raise too_large(limit)

    def begin(self) -> None:
        """Have the client send the body, if it waits for that: all that needs no byte of it was looked at.

        Raises Overloaded.
        """
        begin = getattr(self._input, "begin", None)
        if begin is not None:
            begin()

    def also_check(self, check: Callable[[], None]) -> None:
        """Call `check` every moment while the client is waited for; `readinto` raises what it raises."""
        also_check = getattr(self._input, "also_check", None)
        if also_check is not None:
            also_check(check)

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from its start and return how many bytes; 0 at the body's end only.

        Raises UploadInterrupted if the body ends before its Content-Length, UploadTimedOut, TooLarge, BadRequest.
        """
        if time.monotonic() > self._deadline:
            raise UploadTimedOut
        if self.length is not None:
            buffer = buffer[: self.length - self.received]
            if not buffer:
                return 0
        count = int(self._input.readinto(buffer))
        if not count and self.length is not None:
            raise UploadInterrupted
        self.received += count
        if self.received > self.limit:
            raise too_large(self.limit)
        return count


def raw_body(environ: dict[str, Any], *, max_size: int, timeout: float) -> RequestBody:
    """A body that is the file itself. Raises LengthRequired, TooLarge."""
    require_length(environ)
    return RequestBody(environ, limit=max_size, timeout=timeout)


def require_length(environ: dict[str, Any]) -> None:
    """Raises LengthRequired for a body that has neither a length nor comes in chunks."""
    if declared_length(environ) is None and not is_chunked(environ):
        raise LengthRequired


def declared_length(environ: dict[str, Any]) -> int | None:
    """Content-Length in bytes; the server has checked its form."""
    text = environ.get("CONTENT_LENGTH")
    return int(text) if text else None


def is_chunked(environ: dict[str, Any]) -> bool:
    """Whether the body comes in chunks; the server refuses every other coding."""
    return bool(environ.get("HTTP_TRANSFER_ENCODING"))


def too_large(limit: int) -> TooLarge:
    """The refusal of a file over `limit` bytes."""
    return TooLarge(f"The file is over the limit of {limit} bytes (packages.max_size).")
