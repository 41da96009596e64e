"""Several hosts, some of them silent: dialled one by one."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from app.breaker import LONG_AGO, TRY_EVERY
from app.database import Database, deadline
from app.errors import DatabaseUnavailable
from dev.parts.postgres import Postgres
from tests.faults.proxy import proxying
from tests.integration.database.conftest import Opened

HOST = "127.0.0.1"


@pytest.fixture
def silent_ports() -> Iterator[list[int]]:
    """Three servers that take connections and say nothing."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(3)]
        yield [server.getsockname()[1] for server in servers]


def url(*ports: int) -> str:
    """A database at this machine's ports, in this order."""
    hosts = ",".join([HOST] * len(ports))
    return f"postgresql://postgres@/postgres?host={hosts}&port={','.join(map(str, ports))}"


def seconds_to_connect(database: Database) -> float:
    """How long a request waits for its first answer on a new connection."""
    database._lose_all()
    began = time.monotonic()
    with deadline.budget(deadline.REQUEST_BUDGET):
        assert database.rows("SELECT 1 AS one", {})[0].one == 1
    return time.monotonic() - began


def test_a_silent_first_host(postgres_server: Postgres, silent_ports: list[int], opened: Opened) -> None:
    """The first host costs half a second once; afterwards the good one comes first."""
    database = opened(url(silent_ports[0], postgres_server.port))
    assert 0.5 <= seconds_to_connect(database) < 1.5
    assert seconds_to_connect(database) < 0.4


def test_more_silent_hosts_than_a_request_has_time_for(
    postgres_server: Postgres, silent_ports: list[int], opened: Opened
) -> None:
    """The next request goes on behind those that were silent."""
    database = opened(url(*silent_ports, postgres_server.port))
    with deadline.budget(deadline.REQUEST_BUDGET), pytest.raises(DatabaseUnavailable):
        database.rows("SELECT 1", {})
    time.sleep(TRY_EVERY)
    assert seconds_to_connect(database) < 0.4


def test_one_silent_host(silent_ports: list[int], opened: Opened) -> None:
    """A request is refused when its time is over."""
    database = opened(url(silent_ports[0]))
    began = time.monotonic()
    with deadline.budget(0.3), pytest.raises(DatabaseUnavailable):
        database.rows("SELECT 1", {})
    assert time.monotonic() - began < 1


def test_a_name_with_several_addresses(
    postgres_server: Postgres, silent_ports: list[int], opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each address of a name is tried, not only the first."""

    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 0)) for number in ("127.0.0.9", HOST)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with socket.create_server(("127.0.0.9", postgres_server.port)):
        database = opened(f"postgresql://postgres@a-name-of-two.invalid:{postgres_server.port}/postgres")
        assert 0.5 <= seconds_to_connect(database) < 1.5
        assert seconds_to_connect(database) < 0.4


def test_what_rests_on_a_silent_server_is_lost(postgres_server: Postgres, opened: Opened) -> None:
    """One request finds the silence; the next ones don't wait in turn for each connection that was made before it."""
    with proxying(postgres_server.port) as first:
        database = opened(url(first.port, postgres_server.port), pool_size=4)
        with database.reading(), database.reading(), database.reading(), database.reading():
            pass
        with first.swallowing():
            time.sleep(LONG_AGO)
            with deadline.budget(0.3), pytest.raises(DatabaseUnavailable):
                database.rows("SELECT 1 AS one", {})
            time.sleep(TRY_EVERY)
            began = time.monotonic()
            with deadline.budget(deadline.REQUEST_BUDGET):
                database.rows("SELECT 1 AS one", {})
            assert time.monotonic() - began < 0.4
