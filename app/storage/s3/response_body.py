"""The body of an HTTP answer as it is framed (RFC 9112, 6.3): by a length, by chunks, or by the connection's end."""

import re
from typing import Protocol

from app.storage.s3.connection import Connection
from app.storage.s3.response_head import AnswerHead, MalformedAnswer

_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class AnswerBody(Protocol):
    """What is still to come of a body."""

    left: int | None
    """Bytes; None where only the body's end will tell."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; b"" at the end, or where the server ends early, which `left` tells. Raises OSError."""


class PlainBody:
    """`left` bytes, or all until the connection ends."""

    def __init__(self, connection: Connection, left: int | None) -> None:
        self._connection = connection
        self.left = left

    def read(self, size: int) -> bytes:
        """See `AnswerBody.read`."""
        if self.left is None:
            block = self._connection.receive(size)
            self.left = None if block else 0
            return block
        wanted = min(size, self.left)
        block = self._connection.receive(wanted) if wanted else b""
        self.left -= len(block)
        return block


class ChunkedBody:
    """Chunks until the last one and its trailers (RFC 9112, 7.1)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chunk = 0
        self.left: int | None = None

    def read(self, size: int) -> bytes:
        """See `AnswerBody.read`."""
        if not self._chunk and self.left is None:
            self._begin_chunk()
        if self.left == 0:
            return b""
        block = self._connection.receive(min(size, self._chunk))
        self._chunk -= len(block)
        if block and not self._chunk and self._connection.line():
            raise MalformedAnswer("a chunk that is longer than it says")
        return block

    def _begin_chunk(self) -> None:
        line = self._connection.line()
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise MalformedAnswer(f"a chunk that begins with {line[:40]!r}")
        self._chunk = int(size[1], 16)
        if not self._chunk:
            while self._connection.line():
                pass
            self.left = 0


def body_of(head: AnswerHead, method: str, connection: Connection) -> AnswerBody:
    """The body of the answer to `method` that has this head. Raises MalformedAnswer."""
    length = head.length(method)
    if length is None and head.is_chunked:
        return ChunkedBody(connection)
    return PlainBody(connection, length)
