"""SHA-256 of a stream: hash and count the bytes of an upload while the storage reads them."""

import contextlib
import hashlib

from app.storage.interface import ByteSource, Storage, WrittenObject

READ_SIZE = 1 << 20


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


class Memory:
    """Bytes as a `ByteSource`."""

    def __init__(self, content: memoryview) -> None:
        self._left = content

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from its start."""
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def fill(source: ByteSource, buffer: memoryview) -> int:
    """Read until `buffer` is full or the source ends; how many bytes, short only at the end."""
    filled = 0
    while filled < len(buffer):
        count = source.readinto(buffer[filled:])
        if not count:
            break
        filled += count
    return filled


def checksum_of(storage: Storage, key: str, written: WrittenObject) -> str:
    """The SHA-256 of an object, read once, in hex. Raises ObjectNotFound, ObjectChanged, StorageUnavailable."""
    sha256 = hashlib.sha256()
    with contextlib.closing(storage.open(key, expected=written)) as reader:
        while block := reader.read(READ_SIZE):
            sha256.update(block)
    return sha256.hexdigest()
