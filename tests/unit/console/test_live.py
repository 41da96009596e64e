"""Figures that are shared by all who ask at about the same time."""

import threading

import pytest

from app.console.live import KEPT, SharedFigures
from tests import threads


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_asks_for_all() -> None:
    """Who asks within the time gets the last answer; who asks later has it asked anew."""
    clock, asked = Clock(), iter(range(10))
    figures = SharedFigures(clock)
    assert [figures.get("key", lambda: next(asked), fresh=2.0) for _ in range(3)] == [0, 0, 0]
    clock.now = 2.0
    assert figures.get("key", lambda: next(asked), fresh=2.0) == 1


def test_others_wait() -> None:
    """Of many that ask at once, one asks and the others wait for its answer."""
    figures, asked, begun, go_on = SharedFigures(), [], threading.Event(), threading.Event()

    def ask() -> int:
        asked.append(1)
        begun.set()
        go_on.wait(10)
        return len(asked)

    asking = threads.start(*[lambda: figures.get("key", ask)] * 5)
    begun.wait(10)
    go_on.set()
    threads.join(asking)
    assert len(asked) == 1


def test_an_error_is_not_kept() -> None:
    """What fails is asked again by the next."""
    figures = SharedFigures()
    with pytest.raises(ZeroDivisionError):
        figures.get("key", lambda: 1 / 0)
    assert figures.get("key", lambda: 5) == 5


def test_keys_are_bounded() -> None:
    """Invented keys do not fill the memory."""
    figures = SharedFigures()
    for key in range(3 * KEPT):
        figures.get(key, lambda: 1)
    assert len(figures._entries) <= KEPT
