"""Simulated staged roll-outs: how many agents a bad version reaches, wrong stops, and the time to nearly all agents.

Run: python -m bench.stages [FILE.svg] [RUNS]. Stages, gate and brake are the service's own functions, imported. What
else it takes for given is in bench/staged_rollout.py: measure yours, and change that.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.http.validation import load
from app.rollouts.policy import Policy
from app.rollouts.policy_schema import RolloutPolicySchema
from bench.staged_rollout import Outcome, Rollout

AGENTS = 10_000
MILLION = 1_000_000
DEFECTS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
FIRST_TRY_FAILURES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
RUNS = 100


def policy(**fields: Any) -> Policy:
    """A policy as a channel's `rollout` would say it."""
    return Policy.of(load(RolloutPolicySchema(), fields))


POLICIES = {
    "{}": policy(),
    "max_failure_percent 10": policy(max_failure_percent=10),
    "one canary stage of 10 agents": policy(stages=[{"agents": 10}]),
    "one stage with all": policy(stages=[], soak=0),
}


def reached(rules: Policy, defects: float, runs: int) -> tuple[float, float, float]:
    """Agents offered a version that is broken for a share of them, median and 99th of 100; how often it is stopped."""
    outcomes = [Rollout(rules, AGENTS, defects, 0.0, seed).run() for seed in range(runs)]
    offered = sorted(outcome.offered for outcome in outcomes)
    stopped = sum(outcome.stopped for outcome in outcomes) / runs
    return statistics.median(offered), offered[max(0, round(0.99 * runs) - 1)], stopped


def wrong_stops(rules: Policy, first_try_fails: float, runs: int) -> float:
    """How often a good version is stopped, of whose first tries a share fails."""
    return sum(Rollout(rules, AGENTS, 0.0, first_try_fails, seed).run().stopped for seed in range(runs)) / runs


def hours_until(outcome: Outcome, part: float, agents: int) -> float:
    """Hours until this share of the agents has the version."""
    return sorted(outcome.times)[round(part * agents) - 1] / 3600


@dataclass(frozen=True)
class Figures:
    """What was simulated, for each policy."""

    radius: dict[str, Sequence[tuple[float, float, float]]]
    wrong: dict[str, Sequence[float]]
    curves: dict[str, Outcome]


def simulate(runs: int) -> Figures:
    """All figures; a million agents once for each policy."""
    few = max(1, runs // 10)

    def each(figure: Callable[[Policy], Any]) -> dict[str, Any]:
        return {name: figure(rules) for name, rules in POLICIES.items()}

    return Figures(
        radius=each(lambda rules: [reached(rules, defects, runs if defects > 0.05 else few) for defects in DEFECTS]),
        wrong=each(lambda rules: [wrong_stops(rules, fails, few) for fails in FIRST_TRY_FAILURES]),
        curves=each(lambda rules: Rollout(rules, MILLION, 0.0, 0.0, 1).run()),
    )


def tell(figures: Figures) -> None:
    """The tables of docs/rollouts.md."""
    print("| policy |" + "".join(f" {defects:.0%} broken |" for defects in DEFECTS))
    print("|---|" + "---|" * len(DEFECTS))
    for name, points in figures.radius.items():
        print(f"| `{name}` |" + "".join(f" {half:.0f} / {most:.0f} ({stops:.0%}) |" for half, most, stops in points))
    print("\n| policy |" + "".join(f" {fails:.0%} |" for fails in FIRST_TRY_FAILURES) + " 50 % | 99 % |")
    print("|---|" + "---|" * (len(FIRST_TRY_FAILURES) + 2))
    for name, points in figures.wrong.items():
        times = [hours_until(figures.curves[name], part, MILLION) for part in (0.5, 0.99)]
        print(
            f"| `{name}` |" + "".join(f" {stops:.0%} |" for stops in points) + "".join(f" {t:.1f} h |" for t in times)
        )


def plot(figures: Figures, path: Path) -> None:
    """Blast radius, wrong stops, and the share of agents over time."""
    import matplotlib as mpl  # noqa: PLC0415 - only the plot needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (radius, wrong, curve) = plt.subplots(1, 3, figsize=(15, 5))
    for name, points in figures.radius.items():
        (line,) = radius.plot([d * 100 for d in DEFECTS], [half for half, _, _ in points], "o-", label=name)
        radius.plot([d * 100 for d in DEFECTS], [most for _, most, _ in points], ":", color=line.get_color())
        wrong.plot([fails * 100 for fails in FIRST_TRY_FAILURES], [stops * 100 for stops in figures.wrong[name]], "o-")
        times = sorted(figures.curves[name].times)[:: MILLION // 1000]
        curve.plot([moment / 3600 for moment in times], [n / 10 for n in range(len(times))])
    radius.set(xscale="log", yscale="log", xlabel="agents that the version is broken for, %")
    radius.set(title=f"Offered when it stopped, of {AGENTS:,} (median, dotted: 99th of 100)")
    wrong.set(xlabel="first tries that fail though the version is good, %", title="Good versions stopped, %")
    curve.set(xlabel="hours", title=f"Agents that have a good version, % of {MILLION:,}")
    radius.legend()
    for panel in (radius, wrong, curve):
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables and draw the plot."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/stages.svg")
    figures = simulate(int(sys.argv[2]) if len(sys.argv) > 2 else RUNS)
    tell(figures)
    plot(figures, path)


if __name__ == "__main__":
    main()
