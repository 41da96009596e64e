"""Brake and gate of a roll-out: too many bad agents stop it, enough good ones open the next stage."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from app.rollouts.policy import Policy


@dataclass(frozen=True, slots=True)
class Tally:
    """Places by state. `offered` counts all that were ever offered the edition; the others what counts now."""

    waiting: int = 0
    busy: int = 0
    good: int = 0
    bad: int = 0
    offered: int = 0

    @property
    def held(self) -> int:
        """Places of agents that still count."""
        return self.waiting + self.busy + self.good + self.bad


class Gate(Enum):
    """Where a stage stands: `SHORT` if all have answered and too few are good."""

    OPEN = "open"
    GOOD = "good"
    SHORT = "short"


def brakes(policy: Policy, bad: int, offered: int) -> bool:
    """Whether so many bad agents, of those offered so far, stop the roll-out: over both limits."""
    return bad >= stops_at(policy, offered)


def stops_at(policy: Policy, offered: int) -> int:
    """The number of bad agents, of so many offered, that stops the roll-out."""
    numerator, denominator = _fraction(policy.max_failure_percent)
    return max(policy.max_failures, offered * numerator // denominator) + 1


def needed(policy: Policy, held: int) -> int:
    """How many of the agents that hold a place must be good."""
    return share(policy.success, held)


def gate(policy: Policy, tally: Tally) -> Gate:
    """Where the stage stands. The brake is asked before."""
    if tally.good >= needed(policy, tally.held):
        return Gate.GOOD
    return Gate.OPEN if tally.waiting or tally.busy else Gate.SHORT


def share(percent: float, agents: int) -> int:
    """So many per cent of the agents, rounded up."""
    numerator, denominator = _fraction(percent)
    return -(-agents * numerator // denominator)


@lru_cache
def _fraction(percent: float) -> tuple[int, int]:
    """The share as numerator and denominator: of the decimal that was written, so 0.1 % of 1,000 is 1."""
    return (Fraction(str(percent)) / 100).as_integer_ratio()
