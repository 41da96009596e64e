"""Sources of bytes that are computed, not kept, and the digest of what they give."""

import hashlib
from collections.abc import Callable

from app.errors import UploadInterrupted
from app.storage.interface import ObjectReader

MIB = 1024 * 1024
PATTERN = hashlib.shake_256(b"opamp").digest(MIB - 1)
"""One byte short of a power of two, so that no block or part equals another."""


class Generated:
    """A `ByteSource` of `size` bytes; calls `at_byte[n]()` once, before it goes past n."""

    def __init__(self, size: int, *, at_byte: dict[int, Callable[[], None]] | None = None) -> None:
        self.size = size
        self.position = 0
        self.largest_read = 0
        self._events = sorted((at_byte or {}).items())

    def readinto(self, buffer: memoryview) -> int:
        """Give at most 1 MiB at once, as a socket does."""
        self.largest_read = max(self.largest_read, len(buffer))
        if self._events and self.position >= self._events[0][0]:
            self._events.pop(0)[1]()
        offset = self.position % len(PATTERN)
        count = min(len(buffer), self.size - self.position, len(PATTERN) - offset)
        buffer[:count] = PATTERN[offset : offset + count]
        self.position += count
        return count


def interrupted_at(byte: int) -> Generated:
    """A source whose client vanishes after about `byte` bytes."""

    def vanish() -> None:
        raise UploadInterrupted

    return Generated(10**12, at_byte={byte: vanish})


def content(size: int, start: int = 0) -> bytes:
    """The bytes of a Generated source from `start` on, `size` of them."""
    return bytes(PATTERN[(start + index) % len(PATTERN)] for index in range(size))


def digest(size: int) -> str:
    """SHA-256 of a Generated source of `size` bytes."""
    source, sha256, buffer = Generated(size), hashlib.sha256(), memoryview(bytearray(MIB))
    while count := source.readinto(buffer):
        sha256.update(buffer[:count])
    return sha256.hexdigest()


def drained(reader: ObjectReader) -> tuple[int, str]:
    """Size and SHA-256 of all that the reader gives; it is closed."""
    size, sha256 = 0, hashlib.sha256()
    while block := reader.read(MIB):
        size += len(block)
        sha256.update(block)
    reader.close()
    return size, sha256.hexdigest()
