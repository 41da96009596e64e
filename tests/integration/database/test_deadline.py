"""A request's time budget: whoever is overdue is cut, and nobody else."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.database import Database, deadline
from app.database.engine import Session
from app.errors import DatabaseUnavailable
from dev.parts.postgres import Postgres
from tests import threads
from tests.integration.database.conftest import Opened

BUDGET = 0.3
SLEEP = "SELECT pg_sleep(3)"


@pytest.fixture
def database(postgres_server: Postgres, opened: Opened) -> Database:
    """The service's, connected, so that SQLAlchemy has asked what it wants to know of a server."""
    database = opened(postgres_server.url())
    database.rows("SELECT 1 AS one", {})
    return database


def by_rows(database: Database) -> None:
    """Sleep in a read."""
    database.rows(SLEEP, {})


def by_reading(database: Database) -> None:
    """Sleep in a statement of SQLAlchemy's."""
    with database.reading() as connection:
        connection.execute(text(SLEEP))


def by_writing(database: Database) -> None:
    """Sleep in a transaction."""
    with database.writing() as connection:
        connection.execute(text(SLEEP))


def by_waiting_for_a_lock(database: Database) -> None:
    """Wait for an advisory lock that another session has."""
    with database.exclusively(7, wait=True), database.exclusively(7, wait=True):
        pass


@pytest.mark.parametrize("work", [by_rows, by_reading, by_writing, by_waiting_for_a_lock])
def test_overdue(database: Database, work: Callable[[Database], Any]) -> None:
    """A wait ends with the budget, and the next request has a new connection."""
    began = time.monotonic()
    with deadline.budget(BUDGET), pytest.raises(DatabaseUnavailable):
        work(database)
    assert BUDGET <= time.monotonic() - began < BUDGET + 0.5
    with deadline.budget(1):
        assert database.rows("SELECT 1 AS one", {})[0].one == 1


def test_statements_share_the_budget(database: Database) -> None:
    """What one statement has waited, the next has not."""
    with deadline.budget(2):
        database.rows("SELECT pg_sleep(0.2)", {})
        left = deadline.remaining()
    assert left is not None
    assert 1.5 < left <= 1.8


def test_nothing_left(database: Database) -> None:
    """A request whose time is over asks nothing, and its connection is not lost for that."""
    before = database.rows("SELECT pg_backend_pid() AS pid", {})
    with deadline.budget(0), pytest.raises(DatabaseUnavailable):
        database.rows("SELECT 1 AS one", {})
    assert database.rows("SELECT pg_backend_pid() AS pid", {}) == before


def test_without_a_budget(database: Database) -> None:
    """A command waits for as long as it takes, while a request beside it is cut."""
    answers: list[Any] = []
    patient = threads.start(lambda: answers.append(database.rows("SELECT pg_sleep(1), 1 AS one", {})[0].one))
    with deadline.budget(BUDGET), pytest.raises(DatabaseUnavailable):
        database.rows(SLEEP, {})
    threads.join(patient)
    assert answers == [1]


@pytest.mark.parametrize(("session", "limit"), [(Session.SERVICE, "1200ms"), (Session.COMMAND, "0")])
@pytest.mark.parametrize("budget", [None, 1.0])
def test_settings_of_a_session(
    postgres_server: Postgres, opened: Opened, session: Session, limit: str, budget: float | None
) -> None:
    """They are those of the engine's kind, whichever thread connects, with a budget or without."""
    deadline.set_budget(budget)
    try:
        found = opened(postgres_server.url(), session=session).rows("SHOW lock_timeout", {})
    finally:
        deadline.set_budget(None)
    assert [row.lock_timeout for row in found] == [limit]
