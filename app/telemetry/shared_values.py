"""Values of Prometheus metrics in shared memory: each worker writes a slot of its own, any of them reads all.

prometheus_client's own way are mapped files: a disk that fills up kills by SIGBUS whoever writes one, each new process
leaves four more to be read at every scrape, and they stay when the master is killed. This memory is made by the master
before it forks, touches no disk and ends with its processes. A new worker in a slot goes on counting in it.
"""

import json
import logging
import mmap
import threading
from typing import Any

SLOT_SIZE = 2 << 20
"""Bytes of a slot. Memory is used as far as there are values: some 200 bytes each."""

CELLS = 8192
UNSEEN = CELLS - 1
"""The cell of all values that no slot has room for; it is not read."""

log = logging.getLogger(__name__)


class Slot:
    """One process's values: cells of doubles, and their keys as lines. One process writes at a time."""

    def __init__(self, memory: memoryview) -> None:
        self._size = memory[:8].cast("q")
        self.cells = memory[8 : 8 + 8 * CELLS].cast("d")
        self._lines = memory[8 + 8 * CELLS :]
        self.is_free = True

    def keys(self) -> list[bytes]:
        """The keys in the order of their cells."""
        return bytes(self._lines[: self._size[0]]).split(b"\n")[:-1]

    def has_room(self, key: bytes, at: int) -> bool:
        """Whether `key` can be the one of cell `at`."""
        return at < UNSEEN and self._size[0] + len(key) < len(self._lines)

    def append(self, key: bytes) -> None:
        """Give the next cell to `key`. Readers see the key only when it is whole."""
        start = self._size[0]
        end = start + len(key) + 1
        self._lines[start:end] = key + b"\n"
        self._size[0] = end

    def end_gauges(self) -> None:
        """Set to 0 what holds only while its process lives; what was counted stays."""
        for at, key in enumerate(self.keys()):
            if key.startswith(b'["gauge"'):
                self.cells[at] = 0.0


class SharedValues:
    """This process's values and, after `share`, those of all processes that are forked from it."""

    def __init__(self) -> None:
        self.slots = [_private()]
        self.cells = self.slots[0].cells
        self.lock = threading.Lock()
        self._own = self.slots[0]
        self._positions: dict[bytes, int] = {}
        self._values: list[Value] = []
        self._is_full = False

    def share(self, processes: int) -> None:
        """Make room for so many processes beside this one. To be called once, before any fork."""
        memory = memoryview(mmap.mmap(-1, (processes + 1) * SLOT_SIZE))
        self.slots = [Slot(memory[start : start + SLOT_SIZE]) for start in range(0, len(memory), SLOT_SIZE)]
        self.enter(self.reserve())

    def reserve(self) -> Slot:
        """A slot for a process that is to be forked; one that nobody else reads if all are taken."""
        slot = next((slot for slot in self.slots if slot.is_free), None)
        if slot is None:
            log.warning("no room for the metrics of another worker: what it counts is not shown")
            slot = _private()
        slot.is_free = False
        return slot

    def enter(self, slot: Slot) -> None:
        """Write to `slot` from now on. To be called in the new process, while it has one thread."""
        self.lock = threading.Lock()
        self._own, self.cells = slot, slot.cells
        self._positions = {key: at for at, key in enumerate(slot.keys())}
        for value in self._values:
            value.at = self._position(value.key)

    def release(self, slot: Slot) -> None:
        """Free the slot of a process that has ended."""
        slot.end_gauges()
        slot.is_free = True

    def add(self, value: "Value") -> None:
        """Give `value` its cell."""
        with self.lock:
            self._values.append(value)
            value.at = self._position(value.key)
            is_first_unseen = value.at == UNSEEN and not self._is_full
            self._is_full = self._is_full or is_first_unseen
        if is_first_unseen:
            log.warning("no room for more metrics: from %s on they are not shown", value.key.decode())

    def _position(self, key: bytes) -> int:
        at = self._positions.get(key, len(self._positions))
        if key not in self._positions:
            if not self._own.has_room(key, at):
                return UNSEEN
            self._own.append(key)
            self._positions[key] = at
        return at

    def totals(self) -> dict[bytes, float]:
        """Each key's sum over all slots."""
        sums: dict[bytes, float] = {}
        for slot in self.slots:
            keys = slot.keys()
            for key, value in zip(keys, slot.cells[: len(keys)].tolist(), strict=True):
                sums[key] = sums.get(key, 0.0) + value
        return sums


class Value:
    """A number of one metric with its labels, as prometheus_client's `values.ValueClass` is called."""

    def __init__(  # noqa: PLR0913, PLR0917 - prometheus_client's
        self,
        shared: SharedValues,
        kind: str,
        metric: str,
        name: str,
        label_names: tuple[str, ...],
        label_values: tuple[str, ...],
        help_text: str,
        **_options: Any,
    ) -> None:
        self._shared = shared
        self.at = UNSEEN
        labels = dict(zip(label_names, label_values, strict=True))
        self.key = json.dumps([kind, metric, name, labels, help_text]).encode()
        shared.add(self)

    def inc(self, amount: float) -> None:
        """Add to it."""
        shared = self._shared
        with shared.lock:
            shared.cells[self.at] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002 - prometheus_client's
        """Set it."""
        with self._shared.lock:
            self._shared.cells[self.at] = value

    def get(self) -> float:
        """This process's part of it."""
        return float(self._shared.cells[self.at])

    def set_exemplar(self, exemplar: object) -> None:
        """Exemplars are not kept."""

    def get_exemplar(self) -> None:
        """There is none."""


def _private() -> Slot:
    return Slot(memoryview(mmap.mmap(-1, SLOT_SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))
