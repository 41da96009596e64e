"""Rows in batches, by a cursor: what nobody asks for costs nothing."""

import pytest
from sqlalchemy import Select, column, func, select, text

from app.database import Database
from app.errors import DatabaseUnavailable
from dev.parts.postgres import Postgres
from tests.databases import execute
from tests.integration.database.conftest import Opened

ROWS = 1000
SIZE = 8


@pytest.fixture
def database(postgres_server: Postgres, opened: Opened) -> Database:
    """A database with one connection, whose sequence counts the rows that were made."""
    execute(postgres_server.url(), "DROP SEQUENCE IF EXISTS made", "CREATE SEQUENCE made")
    return opened(postgres_server.url(), pool_size=1)


def numbers() -> Select[tuple[int]]:
    """Rows that are counted as they are made."""
    return select(func.nextval("made")).select_from(func.generate_series(1, ROWS).alias("number"))


def scalar(database: Database, statement: str) -> int:
    """What a statement of its own says, on the same connection."""
    with database.reading() as connection:
        return int(connection.scalar(text(statement)) or 0)


def test_all_batches(database: Database) -> None:
    """Each row once, the last batch as long as it is."""
    with database.batches(numbers(), SIZE) as batches:
        found = [[row[0] for row in rows] for rows in batches]
    assert [number for rows in found for number in rows] == list(range(1, ROWS + 1))
    assert {len(rows) for rows in found[:-1]} == {SIZE}


def test_what_is_not_asked_for_is_not_made(database: Database) -> None:
    """After two batches PostgreSQL has worked for two."""
    with database.batches(numbers(), SIZE) as batches:
        next(batches)
        next(batches)
    assert scalar(database, "SELECT last_value FROM made") <= 3 * SIZE


def test_nothing_is_left_on_the_connection(database: Database) -> None:
    """Neither a cursor nor a transaction, also where the block ends with an error."""
    for error in (None, KeyError):
        try:
            with database.batches(numbers(), SIZE) as batches:
                next(batches)
                if error:
                    raise error
        except KeyError:
            pass
        assert scalar(database, "SELECT count(*) FROM pg_cursors WHERE name LIKE 'c_%'") == 0
        query = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE '%made%'"
        assert scalar(database, query) == 0


def test_an_error_in_the_midst(database: Database) -> None:
    """It is the database's, as with all statements; the next one works."""
    statement = select(func.pg_terminate_backend(func.pg_backend_pid())).select_from(
        func.generate_series(1, ROWS).table_valued(column("number"))
    )
    with pytest.raises(DatabaseUnavailable), database.batches(statement, SIZE) as batches:
        list(batches)
    assert scalar(database, "SELECT 1") == 1
