"""Message framing (RFC 9112, 6.3): where a body that is read from its socket ends, after a length or a last chunk.

gunicorn's readers know the same, but give bytes where `readinto` spares a copy, and take a lost client for the end.
"""

from typing import Protocol

from gunicorn.http.errors import NoMoreData

from app.server.chunked import ChunkedDecoder
from app.server.client_socket import ClientSocket

CHUNK = 1 << 18
"""Bytes read at once of a chunked body."""


class Framing(Protocol):
    """A body as it is framed."""

    @property
    def left(self) -> int | None:
        """Bytes that are still to come; None where only the body's end will tell."""

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """Read some bytes into `buffer`; 0 at the body's end only.

        Raises ParseException, NoMoreData, TimeoutError, OSError; after that there is nothing to read any more.
        """


class LengthFraming:
    """`length` bytes: first those of `wire`, which came along with the head, then the socket's own."""

    def __init__(self, wire: bytearray, length: int) -> None:
        self._wire = wire
        self._left = length

    @property
    def left(self) -> int | None:
        """Bytes that are still to come."""
        return self._left

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """See Framing."""
        wanted = buffer[: self._left]
        if not wanted:
            return 0
        count = moved(self._wire, wanted) or client.fill(wanted)
        if not count:
            raise NoMoreData
        self._left -= count
        return count


class ChunkedFraming:
    """Chunks: first those that `decoder` has made `content` of, then what is in `wire`, then the socket's own."""

    def __init__(self, wire: bytearray, decoder: ChunkedDecoder, content: bytearray) -> None:
        self._wire = wire
        self._decoder = decoder
        self._content = content

    @property
    def left(self) -> int | None:
        """0 after the last chunk."""
        return 0 if self._decoder.is_complete and not self._content else None

    def readinto(self, buffer: memoryview, client: ClientSocket) -> int:
        """See Framing."""
        while not self._content and not self._decoder.is_complete:
            if self._decoder.left_in_chunk and not self._wire:
                return self._fill(buffer[: self._decoder.left_in_chunk], client)
            if not self._advance():
                self._receive(client)
        return moved(self._content, buffer)

    def _advance(self) -> bool:
        before = len(self._wire)
        self._decoder.take(self._wire, self._content)
        return len(self._wire) < before

    def _receive(self, client: ClientSocket) -> None:
        received = client.receive(CHUNK)
        if not received:
            raise NoMoreData
        self._wire += received

    def _fill(self, buffer: memoryview, client: ClientSocket) -> int:
        """Straight from the socket into the reader's buffer, within a chunk."""
        count = client.fill(buffer)
        if not count:
            raise NoMoreData
        self._decoder.skip(count)
        return count


def moved(source: bytearray, target: memoryview) -> int:
    """Move as many bytes as there are, or as there is room for, from the start of `source`; returns how many."""
    count = min(len(source), len(target))
    target[:count] = source[:count]
    del source[:count]
    return count
