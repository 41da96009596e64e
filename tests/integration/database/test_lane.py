"""Reads that go one after another, as long as each is answered at once."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event

from app.database import Database, deadline, read_gate
from app.database.engine import engine_options, prepare
from app.database.read_gate import Lane
from app.errors import DatabaseUnavailable
from dev.parts.postgres import Postgres

POOL_SIZE = 2
SLOW = 1.0
AT_ONCE = SLOW / 2


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[Database]:
    """The service's database, as a worker has it."""
    options = engine_options(POOL_SIZE)
    engine = create_engine(postgres_server.url().replace("postgresql:", "postgresql+psycopg2:", 1), **options)
    prepare(engine)
    deadline.install()
    yield Database(engine)
    engine.dispose()


@contextlib.contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """`work` goes on in another thread during the block, and has ended after it."""
    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(AT_ONCE / 5)
    try:
        yield thread
    finally:
        thread.join()


def ask(database: Database) -> float:
    """A quick read; the seconds that it took."""
    began = time.monotonic()
    assert database.rows("SELECT 1 AS one", {})[0].one == 1
    return time.monotonic() - began


def sleep(database: Database) -> None:
    """A read that takes long."""
    database.rows("SELECT pg_sleep(%(seconds)s)", {"seconds": SLOW})


def test_one_at_a_time() -> None:
    """Who comes second waits until the first has left, at the end of its block or before."""
    shared = Lane()
    entered = threading.Event()

    def enter() -> None:
        with shared:
            entered.set()

    with shared, meanwhile(enter):
        assert read_gate.is_in_one()
        assert not entered.is_set()
        read_gate.leave()
        assert entered.wait(AT_ONCE)
        assert not read_gate.is_in_one()
    with shared:
        pass


def test_a_slow_read_holds_up_nobody(database: Database) -> None:
    """While PostgreSQL takes its time for one query, others are answered."""
    ask(database)
    with meanwhile(lambda: sleep(database)) as slow:
        assert max(ask(database) for _ in range(20)) < AT_ONCE
        assert slow.is_alive()


def test_waiting_for_a_connection_holds_up_nobody(database: Database) -> None:
    """Who has no connection yet waits outside, and so does who makes one."""
    seen: list[bool] = []
    event.listen(database.engine, "do_connect", lambda *_: seen.append(read_gate.is_in_one()))
    with contextlib.ExitStack() as transactions:
        for _ in range(POOL_SIZE):
            transactions.enter_context(database.writing())
        began = time.monotonic()
        with meanwhile(lambda: ask(database)), database._lane:
            entered_after = time.monotonic() - began
            transactions.close()
    assert entered_after < AT_ONCE
    assert len(seen) == POOL_SIZE
    assert not any(seen)
    ask(database)
    assert len(seen) == POOL_SIZE


def test_a_connection_is_made_outside(database: Database) -> None:
    """The first read of a worker, which connects, lets the others go ahead."""
    seen: list[bool] = []
    event.listen(database.engine, "do_connect", lambda *_: seen.append(read_gate.is_in_one()))
    ask(database)
    assert seen == [False]


def test_an_error_leaves_the_lane(database: Database) -> None:
    """A read that fails is no longer in anybody's way."""
    for _ in range(3):
        with pytest.raises(Exception, match="division by zero"):
            database.rows("SELECT 1 / 0", {})
        assert not read_gate.is_in_one()
    with contextlib.ExitStack() as transactions:
        for _ in range(POOL_SIZE):
            transactions.enter_context(database.writing())
        with deadline.allowance(0.1), pytest.raises(DatabaseUnavailable):
            ask(database)
        assert not read_gate.is_in_one()
