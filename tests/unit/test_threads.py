"""Threads beside a test end with it, whatever happens in it."""

import threading

import pytest

from tests import threads


def test_they_are_told_to_stop_when_the_block_raises() -> None:
    """A thread that goes on until it is told does not outlive a test that fails."""
    stop = threading.Event()
    ended: list[bool] = []
    with pytest.raises(ZeroDivisionError), threads.running(lambda: ended.append(stop.wait(30)), stop=stop):
        raise ZeroDivisionError
    assert ended == [True]


def test_one_that_never_ends() -> None:
    """It is told of, and not waited for."""
    never = threading.Event()
    with pytest.raises(TimeoutError, match="1 of 2 threads"):
        threads.join(threads.start(never.wait, str), 0.1)
    never.set()
