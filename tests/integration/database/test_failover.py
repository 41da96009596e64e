"""A failover as the service sees it: a primary, its standby, and a name that leads to one or the other."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.database import Database, deadline
from app.errors import DatabaseUnavailable
from dev.parts import postgres
from dev.parts.postgres import Postgres
from tests.databases import execute
from tests.faults.proxy import Proxy, proxying
from tests.integration.database.conftest import Opened

Pair = tuple[Postgres, Postgres]

SOON = 5.0
"""Seconds within which the service must write again."""


@pytest.fixture(scope="module")
def pair(services_folder: Path) -> Iterator[Pair]:
    """A primary with a table, and its standby."""
    with postgres.running(services_folder / "primary", settings={"fsync": "off"}) as primary:
        execute(primary.url(), "CREATE TABLE counts (count bigint)", "INSERT INTO counts VALUES (0)")
        execute(primary.url(), "CREATE TABLE packages ()", "CREATE TABLE alembic_version (version_num text)")
        with postgres.standby(primary, services_folder / "standby") as standby:
            yield primary, standby


@pytest.fixture
def name(pair: Pair) -> Iterator[Proxy]:
    """The address that leads to the primary."""
    with proxying(pair[0].port) as proxy:
        yield proxy


def count_one(database: Database) -> None:
    """A write, as a request has time for it."""
    with deadline.budget(deadline.REQUEST_BUDGET), database.writing() as connection:
        connection.execute(text("UPDATE counts SET count = count + 1"))


def can_write(database: Database) -> bool:
    """Whether a write is done now."""
    with contextlib.suppress(DatabaseUnavailable):
        count_one(database)
        return True
    return False


def seconds_until_written(database: Database) -> float:
    """How long writes are refused from now on."""
    began = time.monotonic()
    while not can_write(database):
        assert time.monotonic() - began < 2 * SOON
        time.sleep(0.05)
    return time.monotonic() - began


def url(proxy: Proxy, more: str = "") -> str:
    """The database at the address."""
    return f"postgresql://postgres@{proxy.address}/postgres{more}"


def test_the_name_leads_to_the_standby_for_a_while(pair: Pair, name: Proxy, opened: Opened) -> None:
    """Nothing is kept of the standby: writes go on once the name leads to the primary again."""
    database = opened(url(name))
    count_one(database)
    with name.leading_to(pair[1].port):
        deadline_of_standby = time.monotonic() + 1
        while time.monotonic() < deadline_of_standby:
            assert not can_write(database)
    assert seconds_until_written(database) < SOON


def test_a_session_that_can_only_read_is_lost(pair: Pair, name: Proxy, opened: Opened) -> None:
    """After SQLSTATE 25006 the connection goes, and all that rest with it: the next write finds the primary."""
    database = opened(url(name, "?target_session_attrs=any"), pool_size=3)
    name.upstream = ("127.0.0.1", pair[1].port)
    with database.reading(), database.reading(), database.reading():
        pass
    name.upstream = ("127.0.0.1", pair[0].port)
    assert [can_write(database) for _ in range(3)] == [False, True, True]


def test_a_server_that_can_only_be_read_is_not_ready(pair: Pair, name: Proxy, opened: Opened) -> None:
    """The ping asks whether the session can write; what rests on the standby is lost then."""
    database = opened(url(name, "?target_session_attrs=any"))
    name.upstream = ("127.0.0.1", pair[1].port)
    with pytest.raises(DatabaseUnavailable) as refused:
        database.ping()
    assert refused.value.state == "read-only"
    name.upstream = ("127.0.0.1", pair[0].port)
    assert can_write(database)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_primary_is_found_among_two(pair: Pair, opened: Opened, order: tuple[int, int]) -> None:
    """Of two hosts the one that can be written is used, wherever it stands."""
    ports = ",".join(str(pair[each].port) for each in order)
    database = opened(f"postgresql://postgres@/postgres?host=127.0.0.1,127.0.0.1&port={ports}")
    assert can_write(database)
