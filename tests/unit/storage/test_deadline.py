"""How long a storage is waited for."""

import time

import pytest

from app.storage.s3.deadline import ProgressDeadline


def test_it_runs_out_without_progress() -> None:
    """Standstill ends in TimeoutError."""
    deadline = ProgressDeadline(0.01)
    time.sleep(0.02)
    with pytest.raises(TimeoutError):
        deadline.remaining()


def test_progress_starts_it_again() -> None:
    """What moves is waited for, however long it takes altogether."""
    deadline = ProgressDeadline(0.05)
    for _ in range(5):
        time.sleep(0.02)
        deadline.reset()
    assert deadline.remaining() > 0


def test_a_large_file_gets_more() -> None:
    """One second more for every 256 MiB."""
    assert 4.9 < ProgressDeadline(1, for_bytes=1024**3).remaining() < 5.1


def test_a_storage_that_is_alive_is_waited_for() -> None:
    """Long work goes on while the storage answers other questions, and ends when it does not."""
    answers = [True, False]
    deadline = ProgressDeadline(0.01, is_alive=lambda: answers.pop(0))
    time.sleep(0.02)
    assert deadline.remaining() > 0
    time.sleep(0.02)
    with pytest.raises(TimeoutError):
        deadline.remaining()


def test_progress_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that always moves a little ends all the same."""
    monkeypatch.setattr("app.storage.s3.deadline.MAX_WORK", 0.02)
    deadline = ProgressDeadline(1)
    time.sleep(0.03)
    deadline.reset()
    with pytest.raises(TimeoutError):
        deadline.remaining()


def test_a_large_body_may_be_sent_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second more for every MiB."""
    monkeypatch.setattr("app.storage.s3.deadline.MAX_WORK", 0.01)
    deadline = ProgressDeadline(0.05, for_bytes=1024**2)
    time.sleep(0.03)
    deadline.reset()
    assert deadline.remaining() > 0
