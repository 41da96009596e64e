"""Where a request's body ends (RFC 9112, 6.3): after a length, or after its last chunk."""

from collections.abc import Iterator
from typing import Protocol

from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.unreader import SocketUnreader

from app.server.client_socket import ClientSocket

CHUNK = 1 << 18
"""Bytes read at once of a chunked body."""


class Unreader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's buffer before a socket. While a head is parsed it reads no more: the head was read as a whole."""

    client: ClientSocket | None = None
    """Where a body comes from; None while a head is parsed."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes of the socket. Raises LimitRequestHeaders within a head, TimeoutError, OSError."""
        if self.client is None:
            raise LimitRequestHeaders("the head is over its limit")
        return self.client.receive(min(size_hint or CHUNK, CHUNK))


class Framing(Protocol):
    """A body as it is framed."""

    left: int | None
    """Bytes that are still to come; None where only the body's end will tell."""

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """Read some bytes into `buffer`; 0 at the body's end only. Raises what gunicorn and the socket raise."""


class LengthFraming:
    """`length` bytes: first those that came along with the head, then the socket's own."""

    def __init__(self, unreader: Unreader, length: int) -> None:
        self._unreader = unreader
        self.left: int | None = length

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """Read some bytes into `buffer`; 0 at the body's end only. Raises NoMoreData, OSError."""
        left = self.left or 0
        wanted = buffer[:left]
        if not wanted:
            return 0
        count = self._take_early(wanted) or client.fill(wanted)
        if not count:
            raise NoMoreData
        self.left = left - count
        return count

    def _take_early(self, wanted: memoryview) -> int:
        early: bytes = self._unreader.take_buffered()
        count = min(len(early), len(wanted))
        wanted[:count] = early[:count]
        if count < len(early):
            self._unreader.unread(early[count:])
        return count


class ChunkedFraming:
    """Chunks until the last one and its trailers (RFC 9112, 7.1), parsed by gunicorn."""

    def __init__(self, unreader: Unreader, chunks: Iterator[bytes]) -> None:
        self._unreader = unreader
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self.left: int | None = None

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """Read some bytes into `buffer`; 0 after the last chunk only.

        Raises ParseException, NoMoreData, OSError; after that there is nothing to read any more.
        """
        self._unreader.client = client
        while not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.left = 0
                return 0
            self._chunk = memoryview(chunk)
        count = min(len(buffer), len(self._chunk))
        buffer[:count] = self._chunk[:count]
        self._chunk = self._chunk[count:]
        return count


def framing_of(body: Body, unreader: Unreader) -> Framing:
    """The framing that gunicorn found in a request's head."""
    if isinstance(body.reader, ChunkedReader):
        return ChunkedFraming(unreader, body.reader.parser)
    return LengthFraming(unreader, body.reader.length)
