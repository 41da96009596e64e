"""Lists of users, tokens, channels and agents: a page in the middle is read off an index, as deep as it may be."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import create_engine, event

from app.accounts.store import AccountStore
from app.agents.listing import AgentFilters, AgentListing
from app.channels.store import ChannelStore
from app.database import Database
from app.database.engine import engine_options
from bench import opamp
from dev.parts.postgres import Postgres
from tests.databases import execute, migrated
from tests.integration.plans.plan import Plan

LIMIT = 101
ROWS = 10_000

FILL = (
    f"""INSERT INTO users (username, password_hash, role, token_series)
        SELECT 'user-' || n, '', 'agent', md5(n::text) FROM generate_series(1, {ROWS}) AS n""",
    f"""INSERT INTO tokens (name, role, token_series, expires_at, created_by)
        SELECT 'token-' || n, 'agent', md5(n::text), now(), 'tests' FROM generate_series(1, {ROWS}) AS n""",
    f"""INSERT INTO channels (name, description, match)
        SELECT 'channel-' || lpad(n::text, 6, '0'), '', '{{}}' FROM generate_series(1, {ROWS}) AS n""",
    opamp.FILL,
    opamp.SETTLED,
    opamp.INSTALLED,
    "ANALYZE",
)

Listed = Callable[[Database], Sequence[Any]]

MIDDLE = UUID("00000000-0000-0000-0000-000000004000")


def agents(**filters: str) -> Listed:
    """A page of agents."""
    return lambda database: together(
        AgentListing(database, "http://tests", 30).page(AgentFilters(**filters), LIMIT, MIDDLE)
    )


def together(page: AbstractContextManager[Iterator[Sequence[Any]]]) -> Sequence[Any]:
    """The rows of all batches."""
    with page as batches:
        return [row for rows in batches for row in rows]


LISTS: dict[str, Listed] = {
    "users": lambda database: AccountStore(database).users(LIMIT, ROWS // 2),
    "tokens": lambda database: AccountStore(database).tokens(LIMIT, ROWS // 2),
    "channels": lambda database: together(ChannelStore(database).page(LIMIT, "channel-005000")),
    "agents": agents(),
    "agents of a channel": agents(channel="stable"),
    "agents of a platform": agents(platform="linux"),
    "agents with a package": agents(package="otelcol"),
}


@pytest.fixture(scope="module")
def database(postgres_server: Postgres, database_template: None) -> Iterator[Database]:
    """The service's database, with ROWS of each."""
    with migrated(postgres_server, "keyset_lists") as url:
        execute(url, *FILL)
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:", 1), **engine_options(1))
        yield Database(engine)
        engine.dispose()


def plan_of(database: Database, listed: Listed) -> Plan:
    """How the list's statement is carried out by a session of the service's."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        rows = listed(database)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert len(rows) == LIMIT
    ((statement, parameters),) = asked
    with database.reading() as connection:
        cursor = cast("psycopg2.extensions.cursor", connection.connection.cursor())
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        return Plan(cursor.fetchone()[0][0]["Plan"])  # type: ignore[index]


@pytest.mark.parametrize("name", LISTS)
def test_a_page_in_the_middle(database: Database, name: str) -> None:
    """No table is read in a row, and no scan looks at many more rows than the page has."""
    plan = plan_of(database, LISTS[name])
    assert "Seq Scan" not in plan.kinds
    looked_at = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in plan.nodes()]
    assert max(looked_at) <= 2 * LIMIT
