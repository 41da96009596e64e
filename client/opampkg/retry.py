"""Retries with exponential backoff and jitter, given up when nothing has moved forward for a while."""

from __future__ import annotations

import random
import time
from typing import Callable, TypeVar

from opampkg.errors import Unreachable

FIRST_PAUSE = 0.5
"""Seconds before the first retry; they double from one to the next."""

LONGEST_PAUSE = 30.0

Kind = TypeVar("Kind")


class Patience:
    """How long something is tried again. `timeout`: seconds without progress after which it is given up."""

    def __init__(
        self, timeout: float, note: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._timeout = timeout
        self._note = note
        self._sleep = sleep
        self.moved()

    def moved(self) -> None:
        """Something has come forward."""
        self._since = time.monotonic()
        self._failures = 0

    def wait(self, error: Unreachable) -> None:
        """Pause before the next try; raises `error` if there is to be none."""
        pause = self._pause(error)
        if not error.passes or time.monotonic() + pause > self._since + self._timeout:
            raise error
        self._failures += 1
        self._note(f"{error} Trying again in {pause:.0f} s." if pause >= 1 else f"{error} Trying again.")
        self._sleep(pause)

    def _pause(self, error: Unreachable) -> float:
        if error.retry_after is not None:
            return error.retry_after
        # Clients that failed together need not come again together.
        longest = min(FIRST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it

    def until_done(self, attempt: Callable[[], Kind]) -> Kind:
        """What `attempt` returns, tried again while it raises Unreachable."""
        while True:
            try:
                return attempt()
            except Unreachable as error:
                self.wait(error)
