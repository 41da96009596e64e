"""`wait`: until a share of the agents that are to have a version has it, and roll-outs to it are complete."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Callable

from opampkg.errors import TimeOver, TooManyFailed
from opampkg.models import Installations, Package, Rollout

if TYPE_CHECKING:
    from opampkg.api import Client

TIMEOUT = 1800.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
"""Seconds between two looks: they double from the first to this."""

OPEN = ("pending", "running", "paused")
STOPPED = ("paused", "rolled_back")
"""States of roll-outs."""


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
    """What there is when the goal is reached, and no roll-out to it is under way.

    Raises NotFound for a version that is none; TooManyFailed, also where a roll-out has stopped; TimeOver.
    """
    until = time.monotonic() + goal.timeout
    pause = FIRST_PAUSE
    while True:
        files = client.release(name, version)
        ways = rollouts(client, name, version, files)
        seen = look(client, files, ways)
        on_look(seen)
        told = shown(seen)
        stopped = [way for way in ways if way.state in STOPPED]
        if stopped:
            raise TooManyFailed(f"{stop_of(stopped[0])} At {name} {version}: {told}.")
        if goal.is_lost(seen):
            raise TooManyFailed(f"Too many agents failed at {name} {version}: {told}.")
        if goal.is_reached(seen) and not any(way.state in OPEN for way in ways):
            return seen
        left = until - time.monotonic()
        if left <= 0:
            raise TimeOver(f"The time is over, and {name} {version} is not where it should be: {told}.")
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def look(client: Client, files: list[Package], ways: list[Rollout]) -> Installations:
    """The agents of all files of a version together, those included that its roll-outs have not come to yet."""
    counted = [client.installations(package.id) for package in files]
    waiting = sum(way.counts.get("waiting", 0) for way in ways if way.state in OPEN)
    return sum(counted, Installations(waiting=waiting))


def rollouts(client: Client, name: str, version: str, files: list[Package]) -> list[Rollout]:
    """Each channel's newest roll-out, if it brings the version, whose `files` are older than any that does."""
    published = min((file.created_at for file in files), default="")
    since = takewhile(lambda way: way.created_at >= published, client.rollouts(limit=100))
    newest: dict[str, Rollout] = {}
    for way in since:
        newest.setdefault(way.channel, way)
    return [way for way in newest.values() if way.brings(name, version)]


def stop_of(way: Rollout) -> str:
    """One sentence: which roll-out has stopped, and why."""
    how = "is paused" if way.state == "paused" else "was rolled back"
    return f"The roll-out {way.id} to {way.channel} {how}" + (f": {way.reason}" if way.reason else ".")


def shown(seen: Installations) -> str:
    """One phrase."""
    if not seen.total:
        return "no agent is to have it yet"
    told = f"{seen.installed} of {seen.total} agents have it, {seen.installing} are at it, {seen.failed} failed"
    return f"{told}, {seen.waiting} wait for a roll-out" if seen.waiting else told


def changes(note: Callable[[str], None]) -> Callable[[Installations], None]:
    """What tells `note` of each look that shows something new."""
    last: list[str] = []

    def on_look(seen: Installations) -> None:
        told = shown(seen)
        if last != [told]:
            last[:] = [told]
            note(told)

    return on_look
