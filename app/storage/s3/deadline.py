"""How long a storage may leave us waiting. Time limits are in seconds of no progress, not of work."""

import time
from collections.abc import Callable

CONNECT = 0.5
"""Seconds until a connection stands."""

FIRST_BYTE = 1.5
"""Seconds without progress until an answer starts; what is over 1.8 s would break the contract's 2 s."""

MOMENT = 0.25
"""Seconds for what is asked of a storage that has just used up a request's time: is it alive, clean up."""

STREAM = 5.0
"""Seconds without a byte in the middle of a download: its status is out, so only the end is left to bound."""

BYTES_PER_EXTRA_SECOND = 256 * 1024 * 1024
"""A storage that puts a large file together gets one second more for so many bytes."""


LONGEST_WORK = 120.0
"""Seconds after which even a storage that says it is alive has worked on one request for too long."""


class Patience:
    """Runs out `seconds` after the last progress. Not shared between threads.

    A slow storage that takes or gives bytes is waited for; one that does nothing is not, whether the time goes into
    connecting, sending or waiting for the answer, and however many attempts it is spread over. Where `is_alive` is
    given it is asked when the time is over, and True is progress: for long work that answers only at its end.
    """

    def __init__(
        self, seconds: float = FIRST_BYTE, *, for_bytes: int = 0, is_alive: Callable[[], bool] = lambda: False
    ) -> None:
        self._seconds = seconds + for_bytes / BYTES_PER_EXTRA_SECOND
        self._is_alive = is_alive
        self._last_end = time.monotonic() + LONGEST_WORK
        self.progress()

    def progress(self) -> None:
        """Something moved: start again."""
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds left, more than 0; raises TimeoutError when there are none."""
        if time.monotonic() >= self._end and time.monotonic() < self._last_end and self._is_alive():
            self.progress()
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self._seconds:.1f} s")
        return left
