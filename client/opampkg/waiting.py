"""`wait`: until a share of the agents that are to have a version has it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from opampkg.errors import TimeOver, TooManyFailed
from opampkg.models import Installations

if TYPE_CHECKING:
    from opampkg.api import Client

TIMEOUT = 1800.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
"""Seconds between two looks: they double from the first to this."""


@dataclass(frozen=True)
class Goal:
    """`installed`, `max_failed`: per cent of all agents that are to have it; `timeout` in seconds."""

    installed: float
    max_failed: float | None
    timeout: float

    def is_reached(self, seen: Installations) -> bool:
        """Never while nobody is to have it."""
        return seen.total > 0 and 100 * seen.installed >= self.installed * seen.total

    def is_lost(self, seen: Installations) -> bool:
        """Whether too many have failed."""
        return self.max_failed is not None and seen.total > 0 and 100 * seen.failed > self.max_failed * seen.total


def wait(
    client: Client, name: str, version: str, goal: Goal, on_look: Callable[[Installations], None]
) -> Installations:
    """What there is when the goal is reached. Raises NotFound for a version that is none, TooManyFailed, TimeOver."""
    until = time.monotonic() + goal.timeout
    pause = FIRST_PAUSE
    while True:
        seen = look(client, name, version)
        on_look(seen)
        told = shown(seen)
        if goal.is_lost(seen):
            raise TooManyFailed(f"Too many agents failed at {name} {version}: {told}.")
        if goal.is_reached(seen):
            return seen
        left = until - time.monotonic()
        if left <= 0:
            raise TimeOver(f"The time is over, and {name} {version} is not where it should be: {told}.")
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def look(client: Client, name: str, version: str) -> Installations:
    """The agents of all files of a version together."""
    counted = [client.installations(package.id) for package in client.release(name, version)]
    return sum(counted, Installations())


def shown(seen: Installations) -> str:
    """One phrase."""
    if not seen.total:
        return "no agent is to have it yet"
    return f"{seen.installed} of {seen.total} agents have it, {seen.installing} are at it, {seen.failed} failed"


def changes(note: Callable[[str], None]) -> Callable[[Installations], None]:
    """What tells `note` of each look that shows something new."""
    last: list[str] = []

    def on_look(seen: Installations) -> None:
        told = shown(seen)
        if last != [told]:
            last[:] = [told]
            note(told)

    return on_look
