"""Pairs of measurements, one right after the other, so that what disturbs one disturbs both."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import machine


@dataclass
class Result:
    """One line of the table. `ratio` is ours to the base's; `cpu` is the service's, as a multiple of SHA-256's."""

    name: str
    ours: float
    base: float | None = None
    unit: str = "MB/s"
    ratio: float | None = None
    cpu: float | None = None
    target: str = ""
    met: bool | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Target:
    """What is to be reached; None where nothing is asked."""

    ratio: float | None = None
    cpu: float | None = None
    cpu_ratio: float | None = None
    """Of ours to the base's, where the service does both."""

    def judge(self, result: Result) -> Result:
        """Note on the result what was asked, and whether that is reached."""
        asked, kept = [], []
        if self.ratio is not None and result.ratio is not None:
            asked.append(f"≥ {self.ratio:g}")
            kept.append(result.ratio >= self.ratio)
        if self.cpu is not None and result.cpu is not None:
            asked.append(f"CPU ≤ {self.cpu:g}")
            kept.append(result.cpu <= self.cpu)
        if self.cpu_ratio is not None and "cpu ratio" in result.more:
            asked.append(f"of PUT's CPU ≤ {self.cpu_ratio:g}")
            kept.append(result.more["cpu ratio"] <= self.cpu_ratio)
        result.target, result.met = ", ".join(asked), all(kept) if kept else None
        return result


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def turns(rounds: int) -> Iterator[tuple[bool, bool]]:
    """For each measurement: whether it counts, since the first two warm up, and whether it is ours.

    Base and ours are in each turn, in changing order: neither is always the second.
    """
    for turn in range(rounds + 1):
        for is_ours in (False, True) if turn % 2 else (True, False):
            yield turn > 0, is_ours


def pairs(
    name: str,
    size: int,
    ours: Callable[[], object],
    base: Callable[[], object],
    *,
    rounds: int,
    pids: Iterable[int],
    tidy: Callable[[], object] = lambda: None,
    target: Target | None = None,
) -> Result:
    """`size` bytes moved by `base` and by `ours` in turns; medians, and the service's CPU for ours."""
    pids = list(pids)
    lasted: dict[bool, list[float]] = {True: [], False: []}
    costs: dict[bool, list[float]] = {True: [], False: []}
    before = machine.Moment.now()
    for counts, is_ours in turns(rounds):
        sha256 = machine.sha256_seconds_per_gib()
        spent = machine.cpu_seconds(pids)
        duration = seconds(ours if is_ours else base)
        spent = machine.cpu_seconds(pids) - spent
        tidy()
        if counts:
            lasted[is_ours].append(duration)
            costs[is_ours].append(spent * machine.GIB / size / sha256)
    rates = [(size / own / 1e6, size / other / 1e6) for own, other in zip(lasted[True], lasted[False], strict=True)]
    stolen = machine.Moment.now().stolen_since(before)
    result = Result(
        name,
        ours=statistics.median(own for own, _ in rates),
        base=statistics.median(other for _, other in rates),
        ratio=statistics.median(own / other for own, other in rates),
        cpu=statistics.median(costs[True]),
        more={"pairs": rates, "cpu": costs[True], "stolen": stolen, "bytes": size},
    )
    if all(costs[False]):
        ratios = [own / other for own, other in zip(costs[True], costs[False], strict=True)]
        result.more |= {"base cpu": costs[False], "cpu ratio": statistics.median(ratios)}
    return (target or Target()).judge(result)
