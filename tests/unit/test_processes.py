"""Programs that do not end by themselves are ended."""

import subprocess
import time

import pytest

from dev.parts import processes

ENDLESS = ["sh", "-c", "sleep 600; true"]


def test_what_lasts_too_long_has_failed() -> None:
    """`check` says so in its own words."""
    with pytest.raises(processes.Failed, match="Sleeping had not ended after 0 s"):
        processes.check(ENDLESS, "Sleeping", seconds=0.2)


def test_what_is_followed_for_too_long_is_killed() -> None:
    """With what it has started, which holds the pipe."""
    began = time.monotonic()
    with pytest.raises(processes.Failed, match="exit code -9"):
        processes.follow(ENDLESS, print, seconds=0.2)
    assert time.monotonic() - began < 30


def test_a_program_ends_with_a_block_that_raises() -> None:
    """Nobody has told it to end, and it is not waited for."""
    program = subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE)
    with pytest.raises(ZeroDivisionError), processes.ended_at_last(program):
        raise ZeroDivisionError
    assert program.returncode == -9
    assert program.stdout
    assert program.stdout.closed
