"""A roll-out's brake and its progress over time, as its page draws them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from app.console.curves import Gauge, Plot, Tick, gauge
from app.rollouts.brake import stops_at
from app.rollouts.insight import Insight
from app.rollouts.policy import Policy

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds from one point of the curve to the next: as long, the page does not change for a time of its own."""

POINTS = 120
"""Of a curve, at most; a roll-out of more than POINTS days has as many as it has."""

PACE_OF = 4
"""One part in so many of a curve, its last, tells the pace at which it is expected to go on."""

Curve = list[tuple[float, int]]
"""Seconds since the start, and agents."""

History = Callable[[datetime, int], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class ProgressView:
    """Agents over time in SVG's coordinates. `bad` is "" where none is; `end`: the last point, of `good` agents.

    `forecast`: how it goes on at its present pace, to `expected` agents; "" where it does not.
    """

    rows: list[Tick]
    columns: list[Tick]
    stages: list[Tick]
    area: str
    line: str
    bad: str
    end: tuple[str, str]
    good: int
    forecast: str
    expected: int


def progress_view(row: Any, whole: int, history: History) -> ProgressView | None:
    """How many agents had become good and bad by when; None before it has started and once its places are removed.

    `whole`: the agents that it is for. `history(since, step)`: those that answered in each step of so many seconds.
    """
    if row.started_at is None:
        return None
    lasted = max(1.0, ((row.ended_at or datetime.now(UTC)) - row.started_at).total_seconds())
    step = next((step for step in STEPS if step * POINTS >= lasted), STEPS[-1])
    steps = int(-(-lasted // step))
    good, bad = _summed(history(row.started_at, step), steps, step)
    if row.ended_at is not None and good[-1][1] + bad[-1][1] == 0:
        return None
    ahead = _forecast(row, whole, good, bad)
    plot = Plot(ahead[-1][0] if ahead else float(step * steps), max(1, whole, good[-1][1], bad[-1][1]))
    return ProgressView(
        rows=plot.rows(),
        columns=plot.columns(),
        stages=plot.marks(_openings(row)),
        area=plot.area(good),
        line=plot.line(good),
        bad=plot.line(bad) if bad[-1][1] else "",
        end=(f"{plot.x(good[-1][0]):.1f}", f"{plot.y(good[-1][1]):.1f}"),
        good=good[-1][1],
        forecast=plot.line(ahead) if ahead else "",
        expected=ahead[-1][1] if ahead else good[-1][1],
    )


def _forecast(row: Any, whole: int, good: Curve, bad: Curve) -> Curve:
    """How the good agents' curve goes on: until all of this stage have answered, or for as long again as it lasts."""
    lasts, now = good[-1]
    since, then = good[-1 - max(1, len(good) // PACE_OF)]
    left = min(whole, whole if row.places is None else row.places) - now - bad[-1][1]
    if row.state != "running" or left <= 0 or now <= then or lasts <= since:
        return []
    pace = (now - then) / (lasts - since)
    more = min(left, max(1, int(pace * lasts)))
    return [(lasts, now), (lasts + more / pace, now + more)]


def _summed(history: Iterable[Any], steps: int, step: int) -> tuple[Curve, Curve]:
    """Points of the curves of good and bad agents."""
    answered = {each.steps: each for each in history}
    good: Curve = [(0.0, 0)]
    bad: Curve = [(0.0, 0)]
    for number in range(steps + 1):
        found = answered.get(number)
        for curve, more in ((good, found and found.good), (bad, found and found.bad)):
            curve.append((float(number * step), curve[-1][1] + (more or 0)))
    return good, bad


def _openings(row: Any) -> Sequence[tuple[float, str]]:
    """When stages opened, in seconds since the start, and a word for each."""
    found = []
    for number, stage in enumerate(row.stages, 1):
        if stage.get("opened_at") is not None:
            opened = datetime.fromisoformat(stage["opened_at"])
            found.append(((opened - row.started_at).total_seconds(), _word(stage, number, len(row.stages))))
    return sorted(found)


def _word(stage: dict[str, Any], number: int, last: int) -> str:
    if number == last:
        return "everyone"
    if stage.get("match") or stage.get("percent") is None:
        return f"stage {number}"
    return f"{stage['percent']:g} %"


@dataclass(frozen=True, slots=True)
class BrakeView:
    """`bad` of `offered` agents; at `stops_at` of them it stops. `share` in per cent."""

    bad: int
    offered: int
    stops_at: int
    max_failures: int
    max_failure_percent: float
    share: str
    rolls_back: bool
    watch: tuple[str, ...]
    gauge: Gauge


def brake_view(policy: Policy, insight: Insight) -> BrakeView:
    """The brake's limits against what is counted."""
    tally = insight.tally
    share = float(Fraction(100 * tally.bad, tally.offered)) if tally.offered else 0.0
    return BrakeView(
        bad=tally.bad,
        offered=tally.offered,
        stops_at=stops_at(policy, tally.offered),
        max_failures=policy.max_failures,
        max_failure_percent=policy.max_failure_percent,
        share=f"{share:.1f} %",
        rolls_back=policy.rolls_back,
        watch=tuple(sorted(policy.watch)),
        gauge=gauge(tally.bad, stops_at(policy, tally.offered)),
    )
