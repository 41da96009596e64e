"""Gauges of roll-outs that are not over, read from PostgreSQL when /metrics is asked, at most every few seconds."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from app.errors import Unavailable
from app.rollouts.listing import RolloutListing
from app.rollouts.rows import shown_stage

KEPT = 5.0
"""Seconds for which what was read is said again."""

AGENTS = "opamp_packages_rollout_agents"
LOOK_AGE = "opamp_packages_rollout_look_age_seconds"
HEADS = {
    AGENTS: "Agents in roll-outs that are not over, by how they fare.",
    "opamp_packages_rollout_stage": "The stage of roll-outs that are not over.",
    "opamp_packages_rollout_paused": "1 while a roll-out is paused.",
    LOOK_AGE: "Time since any instance looked after the roll-outs that are not over, of the one that waits longest.",
}


class RolloutGauges:
    """The gauges as text. Every instance says the same: use `max` over instances."""

    def __init__(self, listing: RolloutListing) -> None:
        self._listing = listing
        self._kept: tuple[float, bytes] = (-KEPT, b"")

    def text(self) -> bytes:
        """In Prometheus' text format; nothing while PostgreSQL does not answer."""
        now = time.monotonic()
        if now - self._kept[0] >= KEPT:
            try:
                self._kept = (now, _text(self._listing.counts_of_open()))
            except Unavailable:
                self._kept = (now, b"")
        return self._kept[1]


def _text(found: Any) -> bytes:
    samples = [sample for row, counts in found for sample in _samples(row, counts)]
    if found:
        samples.append((LOOK_AGE, "", round(max(row.age for row, _ in found), 3)))
    lines = []
    for name, help_text in HEADS.items():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
        lines += [f"{name}{labels} {value}" for family, labels, value in samples if family == name]
    return ("\n".join(lines) + "\n").encode()


def _samples(row: Row[Any], counts: dict[str, int]) -> Iterator[tuple[str, str, float]]:
    for state, count in counts.items():
        yield AGENTS, f'{{channel="{row.channel}",state="{state}"}}', count
    labels = f'{{channel="{row.channel}"}}'
    yield "opamp_packages_rollout_stage", labels, shown_stage(row.stage)
    yield "opamp_packages_rollout_paused", labels, int(row.state == "paused")
