"""The bytes of an S3 object, as they come from the connection."""

import time
from collections.abc import Callable

from app.errors import ServiceError, StorageUnavailable
from app.storage.s3.deadline import STREAM
from app.storage.s3.response import S3Answer

STANDSTILL = 5.0
"""Seconds without a read after which an early end may be the storage's impatience: MinIO cuts after 30 s.

Without asking again, clients slower than 35 KB/s would never get a file that is larger than the buffers on the way.
"""

Take = Callable[[S3Answer, int], int]
"""Takes at most so many bytes of an answer, 0 at its end only; how many."""


class S3Reader:
    """An `ObjectReader` over the answer to a GET. Fully read it gives its connection back, else it closes it.

    `ask_again(done)` asks for all but the first `done` bytes; it is called when the storage has ended early after
    the reader stood still. Raises what asking raises.
    """

    def __init__(self, answer: S3Answer, length: int, ask_again: Callable[[int], S3Answer]) -> None:
        self.length = length
        self._ask_again = ask_again
        self._read_at = time.monotonic()
        self._stood_still = False
        self._answer: S3Answer | None = answer
        self._left = length
        answer.wait_for_bytes(STREAM)
        if not length:
            self._finish()

    @property
    def can_splice(self) -> bool:
        """Whether `splice` does."""
        return self._answer is not None and self._answer.can_splice

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end; StorageUnavailable if the storage ends before `length` bytes."""
        block = b""

        def take(answer: S3Answer, wanted: int) -> int:
            nonlocal block
            block = answer.read(wanted)
            return len(block)

        self._move(take, self._left if size < 0 else size)
        return block

    def splice(self, pipe: int, size: int) -> int:
        """Move at most `size` bytes into an empty pipe, unseen by us; how many. Raises as `read` does."""
        return self._move(lambda answer, wanted: answer.splice(pipe, wanted), size)

    def _move(self, take: Take, size: int) -> int:
        wanted = min(size, self._left)
        if not wanted:
            return 0
        if self._answer is None:
            raise ValueError("read of a closed object")
        now = time.monotonic()
        self._stood_still |= now - self._read_at > STANDSTILL
        count = self._taken(take, self._answer, wanted)
        self._read_at = time.monotonic()
        self._left -= count
        if not self._left:
            self._finish()
        return count

    def close(self) -> None:
        """Give the connection up, if it is not given back already."""
        self._finish()

    def _taken(self, take: Take, answer: S3Answer, wanted: int) -> int:
        try:
            if count := take(answer, wanted):
                return count
        except StorageUnavailable:
            if not self._stood_still:
                self._finish()
                raise
        self._finish()
        if not self._stood_still:
            raise StorageUnavailable(f"The storage ended {self._left} bytes before the end of the object.")
        return self._taken(take, self._resumed(), wanted)

    def _resumed(self) -> S3Answer:
        """The rest of the bytes from a new answer, which may end early only if it is left standing too."""
        self._stood_still = False
        try:
            self._answer = self._ask_again(self.length - self._left)
        except ServiceError as error:
            raise StorageUnavailable(f"The storage ended early, and gave no more: {error.detail}") from error
        self._answer.wait_for_bytes(STREAM)
        return self._answer

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
