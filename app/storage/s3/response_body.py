"""HTTP/1.1 protocol: how a response's body is framed (RFC 9112, 6.3), by a length, chunks, or the connection's end."""

import re
from typing import Protocol

from app.storage.s3.connection import Connection
from app.storage.s3.response_head import MalformedResponse, ResponseHead

_LINE_END = b"\r\n"
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class BodyFraming(Protocol):
    """What is still to come of a body. Its bytes are taken off the connection by the caller."""

    left: int | None
    """Bytes; None where only the body's end will tell."""

    def next(self, size: int) -> int:
        """How many bytes, at most `size`, are the body's next on the connection; 0 at its end. Raises OSError."""

    def taken(self, count: int) -> None:
        """Note that `count` of those were taken, 0 if the connection has ended. Raises OSError."""


class PlainFraming:
    """`left` bytes, or all until the connection ends."""

    def __init__(self, left: int | None) -> None:
        self.left = left

    def next(self, size: int) -> int:
        """See `BodyFraming.next`."""
        return size if self.left is None else min(size, self.left)

    def taken(self, count: int) -> None:
        """See `BodyFraming.taken`."""
        if self.left is not None:
            self.left -= count
        elif not count:
            self.left = 0


class ChunkedFraming:
    """Chunks until the last one and its trailers (RFC 9112, 7.1)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chunk = 0
        self.left: int | None = None

    def next(self, size: int) -> int:
        """See `BodyFraming.next`."""
        if not self._chunk and self.left is None:
            self._begin_chunk()
        return min(size, self._chunk)

    def taken(self, count: int) -> None:
        """See `BodyFraming.taken`."""
        self._chunk -= count
        if count and not self._chunk and self._line():
            raise MalformedResponse("a chunk that is longer than it says")

    def _begin_chunk(self) -> None:
        line = self._line()
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise MalformedResponse(f"a chunk that begins with {line[:40]!r}")
        self._chunk = int(size[1], 16)
        if not self._chunk:
            while self._line():
                pass
            self.left = 0

    def _line(self) -> bytes:
        return self._connection.read_until(_LINE_END)


def framing_of(head: ResponseHead, method: str, connection: Connection) -> BodyFraming:
    """The framing of the response to `method` that has this head. Raises MalformedResponse."""
    length = head.length(method)
    if length is None and head.is_chunked:
        return ChunkedFraming(connection)
    return PlainFraming(length)
