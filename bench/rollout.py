"""A simulated roll-out to 100,000 agents: how soon all have a new version, by polling interval and delivery mode.

Run: python -m bench.rollout [FILE.svg]. It simulates; what it takes for given is in the constants below, which are
assumptions and stated in docs/opamp.md; measure yours with `python -m bench` and `python -m bench.opamp`. Downloads
share the mode's bandwidth equally, each as fast as its agent's own line at most; beyond the connections that are
served at once they wait their turn.
"""

import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path

AGENTS = 100_000
PACKAGE = 60e6
"""Bytes: an OpenTelemetry Collector."""

AGENT_LINE = 12.5e6
"""Bytes per second that one agent can receive: 100 Mbit/s."""

INTERVALS = (30, 60, 300, 900)
"""Seconds between an agent's polls."""


@dataclass(frozen=True)
class Mode:
    """How files are delivered: bytes per second and downloads at once in all, and polls per second answered."""

    name: str
    bandwidth: float
    connections: int
    polls: float


MODES = (
    Mode("stream, 1 instance", 0.7e9, 2000, 1000),
    Mode("stream, 4 instances, 10 Gbit/s", 1.25e9, 8000, 4000),
    Mode("redirect to an S3 of 25 Gbit/s, 4 instances", 3.1e9, 10_000, 4000),
    Mode("redirect to an S3 of 100 Gbit/s, 4 instances", 12.5e9, 10_000, 4000),
)


def simulate(mode: Mode, interval: float, agents: int = AGENTS) -> list[int]:
    """How many agents have the version after each second, until all do.

    Agents come evenly over the interval; where the instances answer fewer polls than that, over as long as it takes.
    """
    arrivals = agents / max(interval, agents / mode.polls)
    asked = begun = done = served = 0.0
    downloading: deque[tuple[float, float]] = deque()  # what was served to each before they began, and how many began
    installed: list[int] = []
    while done < agents - 1e-6:
        asked = min(asked + arrivals, agents)
        begins = min(asked - begun, mode.connections - (begun - done))
        if begins > 0:
            begun += begins
            downloading.append((served, begins))
        served += min(AGENT_LINE, mode.bandwidth / max(begun - done, 1))
        while downloading and served - downloading[0][0] >= PACKAGE:
            done += downloading.popleft()[1]
        installed.append(round(done))
    return installed


def seconds_until(installed: list[int], share: float, agents: int = AGENTS) -> int:
    """Seconds until this share of the agents has it."""
    return next(second for second, count in enumerate(installed, 1) if count >= share * agents)


def plot(curves: dict[tuple[Mode, int], list[int]], path: Path) -> None:
    """One panel for each mode, one line for each interval."""
    import matplotlib as mpl  # noqa: PLC0415 - only the plot needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, panels = plt.subplots(2, 2, figsize=(11, 7), sharey=True)
    for panel, mode in zip(panels.flat, MODES, strict=True):
        for interval in INTERVALS:
            installed = curves[mode, interval][::10]
            minutes = [second / 6 for second in range(len(installed))]
            panel.plot(minutes, [count / AGENTS * 100 for count in installed], label=f"polls every {interval} s")
        panel.set(title=mode.name, xlabel="minutes since the upload", ylabel="agents that have it, %")
        panel.grid(alpha=0.3)
    panels.flat[0].legend()
    figure.suptitle(f"A package of {PACKAGE / 1e6:.0f} MB to {AGENTS:,} agents (simulated)")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print when half and nearly all agents have it, and draw the curves."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rollout.svg")
    curves = {(mode, interval): simulate(mode, interval) for mode in MODES for interval in INTERVALS}
    print("| delivery | polling interval | 50 % | 99 % |\n|---|---|---|---|")
    for (mode, interval), installed in curves.items():
        half, most = (seconds_until(installed, share) / 60 for share in (0.5, 0.99))
        print(f"| {mode.name} | {interval} s | {half:.0f} min | {most:.0f} min |")
    plot(curves, path)


if __name__ == "__main__":
    main()
