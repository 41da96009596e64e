"""Deadlines and timeouts of requests to an S3, in seconds: a deadline starts again with every byte that moves."""

import time
from collections.abc import Callable

CONNECT_TIMEOUT = 0.5
"""Until a connection stands: the name's lookup, TCP and TLS together."""

FIRST_BYTE_TIMEOUT = 1.5
"""Without progress until a response starts; what is over 1.8 s would break the contract's 2 s."""

CLEANUP_TIMEOUT = 0.25
"""For what is asked of an S3 that has just used up a request's time: is it alive, abort the upload."""

READ_TIMEOUT = 5.0
"""Without a byte in the middle of a download: its status is out, so only the end is left to bound."""

BYTES_PER_EXTRA_SECOND = 256 * 1024 * 1024
"""An S3 that puts a large file together gets one second more for so many bytes."""

MAX_WORK = 120.0
"""After which even an S3 that says it is alive has worked on one request for too long."""


class ProgressDeadline:
    """A deadline that starts again with every byte that moves: `seconds` after the last one. For one thread.

    A slow S3 that takes or gives bytes is waited for; one that does nothing is not, whether the time goes into
    connecting, sending or waiting for the response, and however many attempts it is spread over. Where `is_alive` is
    given it is asked when the time is over, and True is progress: for long work that answers only at its end.
    """

    def __init__(
        self, seconds: float = FIRST_BYTE_TIMEOUT, *, for_bytes: int = 0, is_alive: Callable[[], bool] = lambda: False
    ) -> None:
        self._seconds = seconds + for_bytes / BYTES_PER_EXTRA_SECOND
        self._is_alive = is_alive
        self._last_end = time.monotonic() + MAX_WORK
        self.reset()

    def reset(self) -> None:
        """Something moved: start again."""
        self._end = time.monotonic() + self._seconds

    def remaining(self) -> float:
        """Seconds left, more than 0; raises TimeoutError when there are none."""
        if time.monotonic() >= self._end and time.monotonic() < self._last_end and self._is_alive():
            self.reset()
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError(f"no answer within {self._seconds:.1f} s")
        return remaining
