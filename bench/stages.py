"""Simulated staged roll-outs: how many agents a bad version reaches, wrong stops, and the time to nearly all agents.

Run: python -m bench.stages [--runs N] [--plot FILE.svg]: about a minute on two cores; the time grows with
the runs. Stages, gate and brake are the service's own functions, imported. What else it takes for given is in
bench/simulation.py: measure yours, and change that.
"""

import argparse
import itertools
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.http.validation import load
from app.rollouts.policy import Policy
from app.rollouts.policy_schema import RolloutPolicySchema
from bench.simulation import Rollout

AGENTS = 10_000
MILLION = 1_000_000
DEFECTS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
DEFECTS_OF_A_MILLION = DEFECTS[1:]
"""What is never stopped takes longest, and is known from the small fleet."""
FIRST_TRY_FAILURES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
FLEETS = {AGENTS: DEFECTS, MILLION: DEFECTS_OF_A_MILLION}
RUNS = 40
RUNS_OF_A_MILLION = 3
POINTS = 200
"""Of each curve."""

POLICIES: dict[str, dict[str, Any]] = {
    "{}": {},
    "max_failure_percent 10": {"max_failure_percent": 10},
    "10 agents first": {"stages": [{"agents": 10}, {"percent": 1}, {"percent": 10}, {"percent": 50}]},
    "10 agents, then 10 %, soak 5m": {"stages": [{"agents": 10}, {"percent": 10}], "soak": "5m"},
    "no stages": {"stages": []},
}
"""By name, what a channel's `rollout` would say."""


@dataclass(frozen=True)
class Case:
    """One roll-out to simulate: the share of agents that the version is broken for, and of first tries that fail."""

    policy: str
    agents: int = AGENTS
    defects: float = 0.0
    first_try_fails: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """How it ended; `hours` at which POINTS even shares of all agents had the version, empty where it was stopped."""

    stopped: bool
    offered: int
    hours: Sequence[float]


def simulate(case: Case) -> Result:
    """One roll-out."""
    rules = Policy.of(load(RolloutPolicySchema(), POLICIES[case.policy]))
    outcome = Rollout(rules, case.agents, case.defects, case.first_try_fails, case.seed).run()
    times = outcome.times if len(outcome.times) == case.agents else []
    return Result(
        outcome.stopped,
        outcome.offered,
        [times[round(len(times) * point / POINTS) - 1] / 3600 for point in range(1, POINTS + 1)] if times else [],
    )


def cases(runs: int) -> Iterator[Case]:
    """All that are told of: those of a million agents first, which take longest."""
    for name in POLICIES:
        yield Case(name, MILLION)
        for defects, seed in itertools.product(DEFECTS_OF_A_MILLION, range(RUNS_OF_A_MILLION)):
            yield Case(name, MILLION, defects, seed=seed)
    for name in POLICIES:
        for defects, seed in itertools.product(DEFECTS, range(runs)):
            yield Case(name, defects=defects, seed=seed)
        for fails, seed in itertools.product(FIRST_TRY_FAILURES, range(runs)):
            yield Case(name, first_try_fails=fails, seed=seed)


class Figures:
    """What was simulated."""

    def __init__(self, runs: int) -> None:
        asked = list(cases(runs))
        with ProcessPoolExecutor() as pool:
            self._found = dict(zip(asked, pool.map(simulate, asked, chunksize=1), strict=True))

    def of(self, **fields: Any) -> list[Result]:
        """Those of all cases with these fields."""
        named = fields.items()
        return [found for case, found in self._found.items() if all(getattr(case, name) == is_ for name, is_ in named)]

    def radius(self, policy: str, agents: int, defects: float) -> tuple[float, int, float]:
        """Agents offered a broken version, in the median and at most of all runs; how often it is stopped."""
        found = self.of(policy=policy, agents=agents, defects=defects, first_try_fails=0.0)
        offered = [each.offered for each in found]
        return statistics.median(offered), max(offered), sum(each.stopped for each in found) / len(found)

    def wrong(self, policy: str, fails: float) -> float:
        """How often a good version is stopped, of whose first tries a share fails."""
        found = self.of(policy=policy, agents=AGENTS, defects=0.0, first_try_fails=fails)
        return sum(each.stopped for each in found) / len(found)

    def hours(self, policy: str) -> Sequence[float]:
        """When a million agents have a good version, as Result has it."""
        return self.of(policy=policy, agents=MILLION, defects=0.0)[0].hours


def tell(figures: Figures) -> None:
    """The tables of docs/rollouts.md."""
    for agents, shares in FLEETS.items():
        print(f"| {agents:,} agents |" + "".join(f" {defects:.0%} broken |" for defects in shares))
        print("|---|" + "---|" * len(shares))
        for name in POLICIES:
            print(f"| `{name}` |" + "".join(f" {_radius(*figures.radius(name, agents, d))} |" for d in shares))
        print()
    print("| first tries that fail |" + "".join(f" {fails:.0%} |" for fails in FIRST_TRY_FAILURES) + " 50 % | 99 % |")
    print("|---|" + "---|" * (len(FIRST_TRY_FAILURES) + 2))
    for name in POLICIES:
        hours = figures.hours(name)
        times = "".join(f" {hours[round(POINTS * part) - 1]:.1f} h |" for part in (0.5, 0.99))
        print(f"| `{name}` |" + "".join(f" {figures.wrong(name, fails):.0%} |" for fails in FIRST_TRY_FAILURES) + times)


def _radius(median: float, most: int, stopped: float) -> str:
    return f"{median:,.0f} / {most:,}" + ("" if stopped == 1 else f" ({stopped:.0%})")


def plot(figures: Figures, path: Path) -> None:
    """Blast radius of both fleets, wrong stops, and the share of agents over time."""
    import matplotlib as mpl  # noqa: PLC0415 - only the plot needs it

    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "stages", "font.family": "sans-serif"}
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, ((few, many), (wrong, curve)) = plt.subplots(2, 2, figsize=(12, 9))
    for name, line in zip(POLICIES, ("o-", "s-", "^-", "v-", "x--"), strict=True):
        for panel, (agents, shares) in zip((few, many), FLEETS.items(), strict=True):
            offered = [figures.radius(name, agents, defects)[0] for defects in shares]
            panel.plot([defects * 100 for defects in shares], offered, line)
        stops = [figures.wrong(name, fails) * 100 for fails in FIRST_TRY_FAILURES]
        wrong.plot([fails * 100 for fails in FIRST_TRY_FAILURES], stops, line, label=name)
        have = [point * 100 / POINTS for point in range(POINTS + 1)]
        curve.plot([0, *figures.hours(name)], have, "--" if name == "no stages" else "-")
    for panel, (agents, shares) in zip((few, many), FLEETS.items(), strict=True):
        panel.set(xscale="log", yscale="log", xlabel="agents that the version is broken for, %")
        panel.set(title=f"Agents offered a bad version, of {agents:,} (median)")
        panel.set_xticks([defects * 100 for defects in shares], [f"{defects * 100:.0f}" for defects in shares])
        panel.minorticks_off()
    wrong.set(xlabel="first tries that fail though the version is good, %", title="Good versions stopped, %")
    curve.set(xlabel="hours", title=f"Agents that have a good version, % of {MILLION:,}")
    wrong.legend(loc="upper left")
    for panel in (few, many, wrong, curve):
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description="Simulate staged roll-outs.")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"of each case ({RUNS})")
    parser.add_argument("--plot", type=Path, default=Path("docs/pictures/stages.svg"), metavar="FILE")
    asked = parser.parse_args()
    figures = Figures(asked.runs)
    tell(figures)
    plot(figures, asked.plot)


if __name__ == "__main__":
    main()
