"""Accept balancing across workers that share a listener (compare nginx's accept_mutex).

Without it the quickest worker often takes all of a burst, and kept connections stay with it while the others idle
(16 connections on two workers: 0 and 16, 1 and 15, 6 and 10 were seen). A socket for each worker (`reuse_port`) shares
by chance too, lets a second service take half of the port's clients unseen, and refuses clients while a dead worker is
replaced. Measured with 16 kept connections on two workers: 1.05 times the requests/s, at 0.98 of the CPU for each.
"""

import array
import mmap
import time

ABSENT, STARTING = -2, -1
MAX_DEFER = 0.005
"""Seconds for which a connection is left to others; a worker that hangs must not keep it waiting."""
PAUSE = 0.0002


class ConnectionCounts:
    """How many connections each worker has, in memory that the master makes and its workers inherit."""

    def __init__(self, workers: int) -> None:
        # A worker that is replaced may overlap with the next.
        slots = 2 * workers + 8
        self._memory = mmap.mmap(-1, 4 * slots)
        self._counts = memoryview(self._memory).cast("i")
        self._counts[:] = array.array("i", [ABSENT] * slots)

    def reserve(self) -> int:
        """A slot for a new worker; the master calls this."""
        # None is free only after faults; two workers on one slot are counted wrong, and still served.
        slot = next((slot for slot, count in enumerate(self._counts) if count == ABSENT), 0)
        self._counts[slot] = STARTING
        return slot

    def release(self, slot: int) -> None:
        """Give back the slot of a worker that is gone; the master calls this."""
        self._counts[slot] = ABSENT

    def note(self, slot: int, connections: int) -> None:
        """Tell how many connections a worker has; STARTING takes it out of the account."""
        self._counts[slot] = connections

    def has_its_share(self, slot: int) -> bool:
        """Whether another worker should take the next connection."""
        fewest = min((count for count in self._counts if count >= 0), default=0)
        return self._counts[slot] > fewest


class AcceptBalancer:
    """One worker's part in the balance."""

    def __init__(self, counts: ConnectionCounts) -> None:
        self._counts = counts
        self.slot = counts.reserve()
        self._deferring_since: float | None = None

    def may_accept(self) -> bool:
        """Whether this worker takes the next connection. Where not, it pauses a moment for another to come first."""
        now = time.monotonic()
        if not self._counts.has_its_share(self.slot):
            self._deferring_since = None
            return True
        self._deferring_since = self._deferring_since or now
        if now - self._deferring_since > MAX_DEFER:
            self._deferring_since = None
            return True
        time.sleep(PAUSE)
        return False

    def note(self, connections: int) -> None:
        """Tell how many connections this worker has."""
        self._counts.note(self.slot, connections)

    def pause(self) -> None:
        """Take no part until the next note."""
        self._counts.note(self.slot, STARTING)

    def end(self) -> None:
        """Give the slot back; the master calls this when the worker is gone."""
        self._counts.release(self.slot)
