"""Readiness: bounded in time and in threads, whatever the parts do."""

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from app.database import deadline
from app.errors import DatabaseUnavailable, StorageUnavailable
from app.operations.health import Part, Readiness


class Fake:
    """A part that answers, fails or hangs as a test wants; frozen parts cannot be had in milliseconds."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.act = act
        self.pings = 0

    def ping(self) -> None:
        """Do what the test wants."""
        self.pings += 1
        self.act()


def raising(error: Exception) -> Callable[[], None]:
    """A function that raises `error`."""

    def act() -> None:
        raise error

    return act


def test_all_answer() -> None:
    """Parts that answer are ok."""
    assert Readiness([Part("a", Fake().ping), Part("b", Fake().ping)]).states() == {"a": "ok", "b": "ok"}


@pytest.mark.parametrize("error", [StorageUnavailable(), ZeroDivisionError(), SystemError()])
def test_one_fails(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A part that raises, whatever it raises, is down and the log says why; the others are not."""
    parts = [Part("a", Fake(raising(error)).ping), Part("b", Fake().ping)]
    assert Readiness(parts).states() == {"a": "down", "b": "ok"}
    assert "a is not ready" in caplog.text


def test_frozen_parts_share_the_time() -> None:
    """Two frozen parts take no longer than one."""
    thaw = threading.Event()
    frozen = [Part(name, Fake(lambda: thaw.wait(20) and None).ping) for name in ("a", "b")]
    start = time.monotonic()
    assert Readiness(frozen).states(patience=0.3) == {"a": "down", "b": "down"}
    assert time.monotonic() - start < 0.6
    thaw.set()


def test_frozen_part_holds_one_thread() -> None:
    """However often a frozen part is asked for, it holds one thread; it is ok again as soon as it thaws."""
    thaw = threading.Event()
    fake = Fake(lambda: thaw.wait(20) and None)
    part = Part("frozen", fake.ping)
    for _ in range(5):
        assert Readiness([part]).states(patience=0.01) == {"frozen": "down"}
    assert [thread.name for thread in threading.enumerate()].count("frozen") == 1
    assert fake.pings == 1
    thaw.set()
    assert Readiness([part]).states() == {"frozen": "ok"}


def test_looks_anew() -> None:
    """An answer is never kept: every request after the last look's end takes a new one."""
    fake = Fake()
    part = Part("a", fake.ping)
    assert Readiness([part]).states() == {"a": "ok"}
    fake.act = raising(StorageUnavailable())
    assert Readiness([part]).states() == {"a": "down"}
    assert fake.pings == 2


def test_ping_may_not_wait_for_ever() -> None:
    """A ping has a request's time budget for PostgreSQL."""
    seen: list[float | None] = []
    Readiness([Part("a", lambda: seen.append(deadline.remaining()))]).states()
    assert seen == [deadline.REQUEST_BUDGET]


def test_answers() -> None:
    """Ready is 200 with the parts; otherwise it is a problem that names them, and says when to ask again."""
    with Flask(__name__).test_request_context():
        good = Readiness([Part("database", Fake().ping)]).answer()
        broken = Part("storage", Fake(raising(StorageUnavailable())).ping)
        bad = Readiness([Part("database", Fake().ping), broken]).answer()
    assert (good.status_code, good.get_json()) == (200, {"status": "ok", "parts": {"database": "ok"}})
    assert (bad.status_code, bad.headers["Retry-After"]) == (503, "2")
    assert bad.content_type == "application/problem+json"
    assert bad.get_json(force=True)["parts"] == {"database": "ok", "storage": "down"}


def refused(state: str = "down", *, passes: bool = True) -> Callable[[], None]:
    """A ping that the database refuses."""
    error = DatabaseUnavailable("The reason.")
    error.state, error.passes = state, passes
    return raising(error)


@pytest.mark.parametrize("state", ["down", "read-only", "behind"])
def test_the_databases_state(state: str) -> None:
    """The part says what the database's error says."""
    assert Readiness([Part("database", refused(state))]).states() == {"database": state}


def test_only_the_database_is_down() -> None:
    """A storage that asks the database for something first is not called down with it."""
    parts = [Part("database", refused()), Part("storage", refused())]
    assert Readiness(parts).states() == {"database": "down", "storage": "ok"}


@pytest.mark.parametrize("passes", [True, False])
def test_reasons(passes: bool) -> None:
    """The answer says why, and promises to be over by itself only where it may be."""
    with Flask(__name__).test_request_context():
        answer = Readiness([Part("database", refused(passes=passes))]).answer()
    detail = answer.get_json(force=True)["detail"]
    assert detail.startswith("database: The reason.")
    assert ("by itself" in detail) is passes
