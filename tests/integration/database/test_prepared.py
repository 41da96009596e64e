"""Probes that PostgreSQL plans once for each connection."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine

from app.database import Database
from dev.parts.postgres import Postgres
from tests.databases import execute

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
def database(url: str) -> Iterator[Database]:
    """The service's database, with one connection."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:", 1), pool_size=1, max_overflow=0)
    yield Database(engine)
    engine.dispose()


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
    statements = session(database, "SELECT generic_plans + custom_plans AS used FROM pg_prepared_statements")
    assert [each.used for each in statements] == [4]


def test_another_session_behind_a_pooler(database: Database) -> None:
    """Where the session has lost its statements, the query is asked as it is."""
    ask(database)
    session(database, "DEALLOCATE ALL; SELECT 1 AS done")
    assert ask(database).word == "one"


def test_a_statement_of_somebody_else(database: Database, url: str) -> None:
    """Where the session has the statement before we prepare it, the query is asked as it is."""
    ask(database)
    with database.reading() as connection:
        connection.connection.info["prepared"].clear()
    assert ask(database).word == "one"


def test_a_migration_meanwhile(database: Database, url: str) -> None:
    """A column that has changed its type is no error for those who run on."""
    ask(database)
    execute(url, "ALTER TABLE probed ALTER COLUMN word TYPE text")
    assert ask(database).word == "one"
