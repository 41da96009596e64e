"""Object reader of the S3 backend: streams the body of a GET, and resumes it where the S3 gave up a slow client."""

import time
from collections.abc import Callable
from typing import TypeVar

from app.errors import ServiceError, StorageUnavailable
from app.storage.s3.deadline import READ_TIMEOUT
from app.storage.s3.response import S3Response

STANDSTILL = 5.0
"""Seconds without a read after which an early end may be the S3's own time limit: MinIO cuts after 30 s.

Without asking again, clients slower than 35 KB/s would never get a file that is larger than the buffers on the way.
"""

Moved = TypeVar("Moved", bytes, int)
"""What was read, or how many bytes were spliced."""


class S3Reader:
    """An `ObjectReader` over the response to a GET. Fully read it gives its connection back, else it closes it.

    `ask_again(done)` asks for all but the first `done` bytes; it is called when the S3 has ended early after the
    reader stood still. Raises what asking raises.
    """

    def __init__(self, response: S3Response, length: int, ask_again: Callable[[int], S3Response]) -> None:
        self.length = length
        self._ask_again = ask_again
        self._read_at = time.monotonic()
        self._stood_still = False
        self._response: S3Response | None = response
        self._left = length
        response.set_read_timeout(READ_TIMEOUT)
        if not length:
            self.close()

    @property
    def can_splice(self) -> bool:
        """Whether `splice_into` is worth it."""
        return self._response is not None and self._response.can_splice

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end; StorageUnavailable if the S3 ends before `length` bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        block = self._moved(lambda response: response.read(wanted)) if wanted else b""
        self._advance(len(block))
        return block

    def splice_into(self, pipe: int, size: int) -> int:
        """Move at most `size` bytes into an empty pipe within the kernel; how many. Raises as `read` does."""
        wanted = min(size, self._left)
        count = self._moved(lambda response: response.splice_into(pipe, wanted)) if wanted else 0
        self._advance(count)
        return count

    def close(self) -> None:
        """Give the connection up, if it is not given back already."""
        response, self._response = self._response, None
        if response is not None:
            response.finish()

    def _advance(self, count: int) -> None:
        self._read_at = time.monotonic()
        self._left -= count
        if not self._left:
            self.close()

    def _moved(self, take: Callable[[S3Response], Moved]) -> Moved:
        """What `take` gets of the response, or of the one that resumes it; never nothing."""
        if self._response is None:
            raise ValueError("read of a closed object")
        self._stood_still |= time.monotonic() - self._read_at > STANDSTILL
        try:
            if moved := take(self._response):
                return moved
        except StorageUnavailable:
            if not self._stood_still:
                self.close()
                raise
        self.close()
        if not self._stood_still:
            raise StorageUnavailable(f"The storage ended {self._left} bytes before the end of the object.")
        self._resume()
        return self._moved(take)

    def _resume(self) -> None:
        """Ask for the rest of the bytes; that response may end early only if it is left standing too."""
        self._stood_still, self._read_at = False, time.monotonic()
        try:
            self._response = self._ask_again(self.length - self._left)
        except ServiceError as error:
            raise StorageUnavailable(f"The storage ended early, and gave no more: {error.detail}") from error
        self._response.set_read_timeout(READ_TIMEOUT)


class NoBytes:
    """An `ObjectReader` of an empty range."""

    length = 0

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - the interface's signature
        """b"", the end."""
        return b""

    def close(self) -> None:
        """Nothing is held."""
