"""The bytes of an S3 object, as they come from the connection."""

from app.errors import ServiceError, StorageUnavailable
from app.storage.patience import STREAM
from app.storage.s3_answer import S3Answer


class S3Reader:
    """An `ObjectReader` over the answer to a GET. Fully read it gives its connection back, else it closes it."""

    def __init__(self, answer: S3Answer, length: int) -> None:
        self.length = length
        self._answer: S3Answer | None = answer
        self._left = length
        answer.wait_for_bytes(STREAM)
        if not length:
            self._finish()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end; StorageUnavailable if the storage ends before `length` bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        if not wanted:
            return b""
        if self._answer is None:
            raise ValueError("read of a closed object")
        block = self._read(self._answer, wanted)
        self._left -= len(block)
        if not self._left:
            self._finish()
        return block

    def close(self) -> None:
        """Give the connection up, if it is not given back already."""
        self._finish()

    def _read(self, answer: S3Answer, wanted: int) -> bytes:
        try:
            block = answer.read(wanted)
        except ServiceError:
            self._finish()
            raise
        if block:
            return block
        self._finish()
        raise StorageUnavailable(f"The storage ended {self._left} bytes before the end of the object.")

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.finish()


class NoBytes:
    """An `ObjectReader` of an empty range."""

    length = 0

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - the interface's signature
        """b"", the end."""
        return b""

    def close(self) -> None:
        """Nothing is held."""
