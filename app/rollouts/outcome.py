"""How an agent fares with what it was offered: busy, good, or bad and why."""

from dataclasses import dataclass
from datetime import datetime

from app.rollouts.policy import Policy


@dataclass(frozen=True, slots=True)
class Condition:
    """What an agent's report says: None of `healthy` where it tells no health."""

    installed: bool
    failure: str | None = None
    """The message of a package that failed, which may be empty; None if none did."""

    healthy: bool | None = None
    illness: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a place, and what is kept beside it."""

    state: str
    cause: str | None = None
    error: str | None = None
    ill_since: datetime | None = None


def outcome(condition: Condition, state: str, *, ill_since: datetime | None, cause: str | None) -> Outcome | None:
    """How the agent fares now, whose place was in `state`; None: as before.

    Bad stays bad until all is well. `ill_since` is noted for the look, which calls an agent bad that has been
    unhealthy for long enough.
    """
    if condition.failure is not None:
        return Outcome("bad", "failed", condition.failure or None, ill_since)
    if condition.installed and condition.healthy is not False:
        return Outcome("good")
    if state == "bad":
        return None if cause else Outcome("bad")
    return Outcome("busy", ill_since=ill_since)


def is_ill(condition: Condition, policy: Policy, *, was_healthy: bool | None) -> bool:
    """Whether the agent was healthy and is not now, where that is watched."""
    return "unhealthy" in policy.watch and bool(was_healthy) and condition.healthy is False
