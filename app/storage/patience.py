"""How long a storage may leave us waiting. Time limits are in seconds of no progress, not of work."""

import time

CONNECT = 0.5
"""Seconds until a connection stands."""

FIRST_BYTE = 1.5
"""Seconds without progress until an answer starts; what is over 1.8 s would break the contract's 2 s."""

STREAM = 5.0
"""Seconds without a byte in the middle of a download: its status is out, so only the end is left to bound."""

BYTES_PER_EXTRA_SECOND = 256 * 1024 * 1024
"""A storage that puts a large file together gets one second more for so many bytes."""


class Patience:
    """Runs out `seconds` after the last progress. Not shared between threads.

    A slow storage that takes or gives bytes is waited for; one that does nothing is not, whether the time goes
    into connecting, sending or waiting for the answer, and however many attempts it is spread over.
    """

    def __init__(self, seconds: float = FIRST_BYTE, *, for_bytes: int = 0) -> None:
        self._seconds = seconds + for_bytes / BYTES_PER_EXTRA_SECOND
        self.progress()

    def progress(self) -> None:
        """Something moved: start again."""
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds left, more than 0; raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self._seconds:.1f} s")
        return left
