"""Which edition an agent should have now, and what giving it to the agent takes.

Nothing here touches the database: all rules of who gets what during a roll-out are in `should_have`.
"""

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """How an agent comes to an edition."""

    FREELY = "freely"
    """It needs no place."""

    PLACED = "placed"
    """It has its place, and was offered the edition before."""

    CLAIM = "claim"
    """It has a place and has not been offered the edition: the turn that sends it takes the place."""

    JOIN = "join"
    """The last stage is open: the turn that sends the edition makes the place."""

    HAS_IT = "has it"
    """Its full state is just this edition: it is left alone, without a place."""

    HOLD = "hold"
    """It keeps a replaced edition, and is sent what a yank changes in that one only."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel's roll-out and one agent, as they are live; editions by id.

    `edition`: the one that the agent was given last, if it may keep it: newer than the stable one and not withdrawn.
    """

    stable: int
    edition: int | None = None
    rollout: int | None = None
    to: int | None = None
    stage: int = 0
    moves: bool = False
    """Whether agents are let go now: it runs, in a window, and is looked after."""

    is_open: bool = False
    """Whether it is in its last stage, in which agents make their own places."""

    place: str | None = None
    """The state of the agent's place; None without one."""

    is_due: bool = False
    """Whether the agent has been let go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The edition that an agent should have, and the way to it."""

    edition: int
    way: Way


def should_have(standing: Standing, *, has_new: bool, reports: bool) -> Wanted:
    """What the agent should have now.

    `has_new`: its packages are just those of the roll-out's new edition. `reports`: it accepts packages and tells
    their statuses; who doesn't gets the new edition in the last stage, and is not counted.
    """
    if standing.rollout is None or standing.to is None:
        return Wanted(standing.stable, Way.FREELY)
    if standing.place not in (None, "waiting"):
        return Wanted(standing.to, Way.PLACED)
    if has_new:
        return Wanted(standing.to, Way.HAS_IT)
    if standing.moves and standing.place is not None and standing.is_due:
        return Wanted(standing.to, Way.CLAIM)
    if standing.moves and standing.place is None and standing.is_open:
        return Wanted(standing.to, Way.JOIN if reports else Way.FREELY)
    return _as_before(standing)


def _as_before(standing: Standing) -> Wanted:
    if standing.edition is not None:
        return Wanted(standing.edition, Way.HOLD)
    return Wanted(standing.stable, Way.FREELY)
