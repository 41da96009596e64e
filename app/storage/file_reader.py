"""Object reader of the filesystem backend: a file, or a range of one, that sendfile can send."""

import os

from app.errors import StorageUnavailable


class FileReader:
    """An `ObjectReader` over an open file, which it owns; the file stands at the next byte to be read."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        self.length = length
        self._left = length
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._file.seek(start)

    def fileno(self) -> int:
        """The descriptor for os.sendfile, which may send at most `length` bytes from where the file stands."""
        return self._file.fileno()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end; StorageUnavailable if the file ends before `length` bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        if not wanted:
            return b""
        try:
            block = self._file.read(wanted)
        except OSError as error:
            raise StorageUnavailable(f"The storage folder failed: {error.strerror}.") from error
        if not block:
            raise StorageUnavailable(f"The file ended {self._left} bytes before the end of the object.")
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()
