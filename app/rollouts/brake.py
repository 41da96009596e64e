"""Brake and gate of a roll-out: too many bad agents stop it, enough good ones open the next stage."""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

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
    share_of_offered = math.floor(Fraction(str(policy.max_failure_percent)) * offered / 100)
    return max(policy.max_failures, share_of_offered) + 1


def needed(policy: Policy, held: int) -> int:
    """How many of the agents that hold a place must be good."""
    return math.ceil(Fraction(str(policy.success)) * held / 100)


def gate(policy: Policy, tally: Tally) -> Gate:
    """Where the stage stands. The brake is asked before."""
    if tally.good >= needed(policy, tally.held):
        return Gate.GOOD
    return Gate.OPEN if tally.waiting or tally.busy else Gate.SHORT


def share(percent: float, agents: int) -> int:
    """So many per cent of the agents, rounded up."""
    return math.ceil(Fraction(str(percent)) * agents / 100)
