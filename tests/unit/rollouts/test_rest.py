"""How long the duty rests after a look."""

import dataclasses
from typing import Any

import pytest

from app.errors import DatabaseUnavailable
from app.rollouts import duty
from app.rollouts.look import LEASE


@dataclasses.dataclass(frozen=True)
class Looking(duty.Duty):
    """A duty whose look ends so."""

    database: Any = None
    look: Any = None
    interval: int = 5
    version: str = ""
    ends: Any = False

    def once(self) -> bool:
        """Look."""
        if isinstance(self.ends, Exception):
            raise self.ends
        return bool(self.ends)


@pytest.mark.parametrize("ends", [False, DatabaseUnavailable("It does not answer."), ValueError()], ids=repr)
def test_no_look(ends: Any) -> None:
    """Where none was taken, because another did or PostgreSQL was away, however long that took, nothing is rested."""
    assert duty.attempt(Looking(ends=ends)) == 0.0


def test_a_look() -> None:
    """What it took counts twenty times over."""
    assert 0 < duty.attempt(Looking(ends=True)) < 1
    assert duty.rest_after(0.5, 5) == 10


def test_a_long_look() -> None:
    """The next comes before the lease of the roll-outs runs out, in which agents are let go."""
    assert duty.rest_after(1000, 5) == LEASE * 5 / 2
