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
"""After which one request has taken too long, whatever moves, and though the S3 says that it is alive."""

MIN_RATE = 1024 * 1024
"""Bytes a second below which a large body is not sent for longer than MAX_WORK."""


class ProgressDeadline:
    """A deadline that starts again with every byte that moves: `seconds` after the last one. For one thread.

    A slow S3 that takes or gives bytes is waited for; one that does nothing is not, whether the time goes into
    connecting, sending or waiting for the response, and however many attempts it is spread over. Where `is_alive` is
    given it is asked when the time is over, and True is progress: for long work that answers only at its end. All
    that together ends after MAX_WORK, and a second more for each MIN_RATE `for_bytes`.
    """

    def __init__(
        self, seconds: float = FIRST_BYTE_TIMEOUT, *, for_bytes: int = 0, is_alive: Callable[[], bool] = lambda: False
    ) -> None:
        self._seconds = seconds + for_bytes / BYTES_PER_EXTRA_SECOND
        self._is_alive = is_alive
        self._alive_until = time.monotonic() + MAX_WORK
        self._last_end = self._alive_until + for_bytes / MIN_RATE
        self.reset()

    def reset(self) -> None:
        """Something moved: start again."""
        self._end = min(time.monotonic() + self._seconds, self._last_end)

    def remaining(self) -> float:
        """Seconds left, more than 0; raises TimeoutError when there are none."""
        if time.monotonic() >= self._end and time.monotonic() < self._alive_until and self._is_alive():
            self.reset()
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError(f"no answer within {self._seconds:.1f} s, or no end")
        return remaining
