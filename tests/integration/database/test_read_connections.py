"""Connections that reads keep beside the engine's pool."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app.database import Database, reads
from app.database.engine import CHECK_IDLE_AFTER, engine_options
from app.errors import DatabaseUnavailable
from dev.parts.postgres import Postgres
from tests import threads
from tests.databases import execute

POOL_SIZE = 2


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[Database]:
    """The service's database, with a table of counts and two connections."""
    execute(postgres_server.url(), "CREATE DATABASE kept")
    url = postgres_server.url("kept")
    execute(url, "CREATE TABLE counts (id bigint PRIMARY KEY, count bigint)", "INSERT INTO counts VALUES (1, 0)")
    options = engine_options(POOL_SIZE)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:", 1), **options)
    yield Database(engine)
    engine.dispose()
    execute(postgres_server.url(), "DROP DATABASE kept WITH (FORCE)")


def pid(database: Database) -> int:
    """The backend that answers a read."""
    return int(database.rows("SELECT pg_backend_pid() AS pid", {})[0].pid)


def backends(database: Database) -> list[int]:
    """All that the service has."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = 'kept' AND application_name = 'opamp-packages'"
    return [row.pid for row in database.rows(query, {})]


def count_one(database: Database) -> None:
    """A transaction."""
    with database.writing() as connection:
        connection.execute(text("UPDATE counts SET count = count + 1"))


def test_reads_and_transactions_share_connections(database: Database) -> None:
    """What a read keeps is there for a transaction, and the other way round."""
    first = pid(database)
    count_one(database)
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
    assert (pid(database), backends(database)) == (first, [first])


def test_all_places_are_to_be_had(database: Database) -> None:
    """Whatever was kept before: as many at once as the pool has connections, of each kind, and then a refusal."""
    with database.reading(), database.reading():
        pass
    at_rest = {pid(database) for _ in range(3)}
    with database.writing() as one, database.writing() as other:
        pids = {each.scalar(text("SELECT pg_backend_pid()")) for each in (one, other)}
        with pytest.raises(DatabaseUnavailable):
            pid(database)
    assert at_rest < pids
    assert len(pids) == POOL_SIZE


def test_the_server_has_closed_it(database: Database, postgres_server: Postgres) -> None:
    """A connection that ended while it was at rest is replaced unseen."""
    ended = pid(database)
    execute(postgres_server.url(), f"SELECT pg_terminate_backend({ended}, 5000)")
    time.sleep(2 * CHECK_IDLE_AFTER)
    assert pid(database) != ended
    assert len(backends(database)) == 1


def test_a_failed_statement_leaves_nothing(database: Database) -> None:
    """However many reads fail, the next one has their connection."""
    first = pid(database)
    for _ in range(2 * POOL_SIZE):
        with pytest.raises(Exception, match="division by zero"):
            database.rows("SELECT 1 / count AS share FROM counts WHERE id = %(id)s", {"id": 1})
    assert (pid(database), backends(database)) == (first, [first])


@pytest.mark.parametrize("turn", [reads.TURN, 0])
def test_many_threads(database: Database, monkeypatch: pytest.MonkeyPatch, turn: float) -> None:
    """More threads than connections, reads among transactions: nobody is refused and nothing lost, turns or none."""
    monkeypatch.setattr(reads, "TURN", turn)
    errors: list[Exception] = []
    rounds = 60

    def repeat(work: Callable[[Database], Any]) -> None:
        try:
            for _ in range(rounds):
                work(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            errors.append(error)

    threads.join(threads.start(*(functools.partial(repeat, work) for work in (pid, count_one) * 3)))
    assert errors == []
    assert database.rows("SELECT count FROM counts", {})[0].count == 3 * rounds
    assert len(backends(database)) <= POOL_SIZE


def test_a_slow_list_holds_up_nobody(database: Database) -> None:
    """While PostgreSQL takes its time for one list, others are answered."""
    pid(database)
    [slow] = threads.start(lambda: database.rows("SELECT pg_sleep(1)", {}))
    began = time.monotonic()
    while slow.is_alive() and time.monotonic() - began < 0.5:
        asked = time.monotonic()
        pid(database)
        assert time.monotonic() - asked < 0.5
    assert slow.is_alive()
    threads.join([slow])
