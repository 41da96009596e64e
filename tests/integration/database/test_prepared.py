"""Probes that PostgreSQL plans once for each connection."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.database import Database
from dev.parts.postgres import Postgres
from tests.databases import execute
from tests.integration.database.conftest import Opened

QUERY = "SELECT id, word, '100%%' AS share FROM probed WHERE id = %(id)s AND (word = %(word)s OR id = %(id)s)"


@pytest.fixture
def url(postgres_server: Postgres) -> Iterator[str]:
    """A database with a table of one row."""
    execute(postgres_server.url(), "CREATE DATABASE prepared")
    url = postgres_server.url("prepared")
    execute(url, "CREATE TABLE probed (id bigint PRIMARY KEY, word varchar(9))", "INSERT INTO probed VALUES (1, 'one')")
    yield url
    execute(postgres_server.url(), "DROP DATABASE prepared WITH (FORCE)")


@pytest.fixture
def database(url: str, opened: Opened) -> Database:
    """The service's database, with one connection."""
    return opened(url, pool_size=1)


def ask(database: Database, word: str = "one") -> Any:
    """The row 1."""
    return database.row(QUERY, {"id": 1, "word": word})


def session(database: Database, statement: str) -> list[Any]:
    """Execute a statement in the one connection of the pool."""
    return database.rows(statement, {})


def test_planned_once(database: Database) -> None:
    """The second probe of a connection executes what the first has prepared."""
    for _ in range(3):
        assert tuple(ask(database)) == (1, "one", "100%")
    assert database.row(QUERY, {"id": 2**63 - 1, "word": "'; --"}) is None
    assert executions(database) == [4]


def executions(database: Database) -> list[int]:
    """How often each prepared statement of the connection was executed."""
    query = "SELECT generic_plans + custom_plans AS used FROM pg_prepared_statements"
    return [each.used for each in session(database, query)]


def test_a_session_that_has_lost_it(database: Database) -> None:
    """Where the session has lost its statements, the query is asked as it is, and then prepared anew."""
    ask(database)
    session(database, "DEALLOCATE ALL; SELECT 1 AS done")
    assert [ask(database).word for _ in range(3)] == ["one"] * 3
    assert executions(database) == [2]


def test_a_statement_that_is_there(database: Database) -> None:
    """Where the session has the statement before we prepare it, the query is asked as it is, and then executed."""
    ask(database)
    with database.reading() as connection:
        connection.connection.info["prepared"].clear()
    assert [ask(database).word for _ in range(3)] == ["one"] * 3
    assert executions(database) == [3]


def test_a_migration_meanwhile(database: Database, url: str) -> None:
    """A column that has changed its type is no error for those who run on: the stale statement goes."""
    ask(database)
    execute(url, "ALTER TABLE probed ALTER COLUMN word TYPE text")
    assert [ask(database).word for _ in range(3)] == ["one"] * 3
    assert executions(database) == [2]
