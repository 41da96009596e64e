"""SHA-256 of a stream: hash and count the bytes of an upload while the storage reads them."""

import hashlib

from app.storage.interface import ByteSource


class HashingReader:
    """A `ByteSource` that passes on what `source` gives, and knows its size in bytes and its SHA-256 so far."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._sha256 = hashlib.sha256()
        self.size = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from its start; 0 at the end only. Raises what the source raises."""
        count = self._source.readinto(buffer)
        self._sha256.update(buffer[:count])
        self.size += count
        return count

    def digest(self) -> bytes:
        """The SHA-256 of all that was read so far."""
        return self._sha256.digest()

    def hexdigest(self) -> str:
        """The same in lower-case hex, as `checksum` has it."""
        return self._sha256.hexdigest()


def fill(source: ByteSource, buffer: memoryview) -> int:
    """Read until `buffer` is full or the source ends; how many bytes, short only at the end."""
    filled = 0
    while filled < len(buffer):
        count = source.readinto(buffer[filled:])
        if not count:
            break
        filled += count
    return filled
