"""The chunked transfer coding (RFC 9112, 7.1), decoded as it comes, on the event loop and in threads alike.

gunicorn's decoder pulls from a socket that blocks, and copies all that was received once for each chunk.
"""

import re
from collections.abc import Callable

from gunicorn.http.body import CHUNK_EXT_RE
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkExtension, InvalidChunkSize

LINE_LIMIT = 4096
"""Bytes of a chunk's size with its extensions."""
TRAILER_LIMIT = 1 << 14
"""Bytes of all trailers."""
FREE_FRAMING = 1 << 14
"""Bytes of sizes, line ends and trailers beyond which they may not outweigh the body: each chunk costs some µs."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*(;[^\r\n]*))?")
Step = Callable[[bytearray, int, bytearray], int]
"""Takes something from the wire at a place on; how many bytes, 0 while too few have come."""

_ENDS = (b"", b"\r", b"\r\n")


class ChunkedDecoder:
    """One body. `check_trailers` gets the lines after the last chunk, and raises what they deserve."""

    def __init__(self, check_trailers: Callable[[bytes], object]) -> None:
        self._check_trailers = check_trailers
        self._step: Step = self._take_size
        self._framing = 0
        self._body = 0
        self._trailers = bytearray()
        self.left_in_chunk = 0
        """Bytes of the present chunk that are still to come."""
        self.is_complete = False

    def take(self, wire: bytearray, content: bytearray) -> None:
        """Take from `wire` what belongs to the body, and add what it holds to `content`.

        Raises ParseException; after that there is nothing to decode any more.
        """
        place = 0
        while not self.is_complete:
            taken = self._step(wire, place, content)
            if not taken:
                break
            place += taken
        del wire[:place]

    def skip(self, count: int) -> None:
        """Note bytes of the present chunk that went past `take`."""
        self._body += count
        self.left_in_chunk -= count
        if not self.left_in_chunk:
            self._step = self._take_end_of_chunk

    def _take_data(self, wire: bytearray, place: int, content: bytearray) -> int:
        count = min(self.left_in_chunk, len(wire) - place)
        content += wire[place : place + count]
        self.skip(count)
        return count

    def _take_end_of_chunk(self, wire: bytearray, place: int, _content: bytearray) -> int:
        found = bytes(wire[place : place + 2])
        if found not in _ENDS:
            raise ChunkMissingTerminator(found)
        if len(found) < len(b"\r\n"):
            return 0
        self._step = self._take_size
        return self._framed(2)

    def _take_size(self, wire: bytearray, place: int, _content: bytearray) -> int:
        end = _line_end(wire, place, LINE_LIMIT)
        if end < 0:
            return 0
        size = _size(bytes(wire[place:end]))
        self.left_in_chunk = size
        self._step = self._take_data if size else self._take_trailer
        return self._framed(end + 2 - place)

    def _take_trailer(self, wire: bytearray, place: int, _content: bytearray) -> int:
        end = _line_end(wire, place, TRAILER_LIMIT)
        if end < 0:
            return 0
        if end == place:
            if self._trailers:
                self._check_trailers(bytes(self._trailers[:-2]))
            self.is_complete = True
        self._trailers += wire[place : end + 2]
        if len(self._trailers) > TRAILER_LIMIT:
            raise InvalidChunkSize(b"trailers over their limit")
        return end + 2 - place

    def _framed(self, count: int) -> int:
        self._framing += count
        if self._framing > FREE_FRAMING + self._body:
            raise InvalidChunkSize(b"chunks smaller than what frames them")
        return count


def _line_end(wire: bytearray, place: int, limit: int) -> int:
    """Where the line's CR LF stands; -1 if it has not come yet. Raises InvalidChunkSize for a bare LF or CR."""
    end = wire.find(b"\n", place, place + limit)
    if end < 0:
        if len(wire) - place >= limit:
            raise InvalidChunkSize(b"a line over its limit")
        return -1
    if end == place or wire[end - 1] != ord("\r"):
        raise InvalidChunkSize(b"a bare LF")
    return end - 1


def _size(line: bytes) -> int:
    found = _SIZE.fullmatch(line)
    if found is None:
        raise InvalidChunkSize(line[:20])
    if found[2] and not CHUNK_EXT_RE.fullmatch(found[2]):
        raise InvalidChunkExtension("invalid chunk extension")
    return int(found[1], 16)
