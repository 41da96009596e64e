"""The breaker: who may ask a silent dependency, and when all may again."""

import time

import pytest

from app import breaker
from app.breaker import Breaker
from app.errors import StorageUnavailable


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Breaker:
    """A breaker whose dependency has just fallen silent; it may be tried every 50 ms."""
    monkeypatch.setattr(breaker, "TRY_EVERY", 0.05)
    made = Breaker(StorageUnavailable)
    made.fell_silent()
    return made


def test_all_may_ask_at_first() -> None:
    """Before anything has failed the breaker refuses nobody."""
    Breaker(StorageUnavailable).check()


def test_after_silence_all_are_refused(silent: Breaker) -> None:
    """Right after a silence nobody may ask, not even one: those in the queue have waited already."""
    with pytest.raises(StorageUnavailable):
        silent.check()


def test_one_may_try_each_interval(silent: Breaker) -> None:
    """Once the interval is over one call goes through, and the next is refused again."""
    time.sleep(0.06)
    silent.check()
    with pytest.raises(StorageUnavailable):
        silent.check()


def test_silence_does_not_put_the_next_try_off(silent: Breaker) -> None:
    """Further silences, of calls that were under way, do not postpone the next try."""
    time.sleep(0.06)
    silent.fell_silent()
    silent.check()


def test_an_answer_lets_all_ask(silent: Breaker) -> None:
    """One answer, whatever it says, and everybody may ask again."""
    silent.answered()
    silent.check()
    silent.check()


def test_one_lost_connection_refuses_nobody() -> None:
    """A silence while others are answered is that connection's own."""
    made = Breaker(StorageUnavailable)
    made.answered()
    made.fell_silent()
    made.check()
