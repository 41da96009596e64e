"""PostgreSQL fails over under traffic, twice: uploads and reads work again without a restart, and none is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.parts.postgres import Postgres
from tests.faults import failover
from tests.faults.failover import Failover

Pair = tuple[Postgres, Postgres]


@pytest.fixture(scope="module")
def servers(services_folder: Path) -> Iterator[Pair]:
    """A primary and its standby."""
    with failover.pair(services_folder) as servers:
        yield servers


@pytest.mark.parametrize("fault", [failover.by_name, failover.by_hosts])
def test_failover(services_folder: Path, servers: Pair, fault: Callable[[Path, Pair], Failover]) -> None:
    """Refused with 503 meanwhile, working again within 5 s of a primary that can be written, nothing lost."""
    seen = fault(services_folder, servers)
    assert (seen.lost, seen.wrong) == (0, {})
    assert max(seen.writing, seen.reading) <= failover.LIMIT
    assert seen.refused_at
    assert seen.acknowledged
