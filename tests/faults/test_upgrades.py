"""Upgrades beside traffic."""

import pytest

from dev.parts.postgres import Postgres
from tests.faults import upgrades
from tests.faults.upgrades import Migrated


@pytest.fixture(scope="module")
def migrated(postgres_server: Postgres) -> Migrated:
    """Each revision up and down beside a pg_dump of 3 s, with lists, details and uploads."""
    return upgrades.migrate_beside_traffic(postgres_server, rows=20_000, hold=3)


def test_nobody_waits_for_a_migration(migrated: Migrated) -> None:
    """A migration that waits for a pg_dump keeps no request waiting for more than 2 s."""
    assert migrated.longest <= upgrades.LIMIT, migrated.traffic


def test_no_request_fails_beside_a_migration(migrated: Migrated) -> None:
    """Requests of an older service work on the newer schema, and the other way round."""
    assert migrated.traffic.requests > 1000
    assert not migrated.traffic.failed


def test_a_migration_waits_for_the_dump(migrated: Migrated) -> None:
    """The pg_dump was in the way of what takes a trigger off and of what builds an index."""
    assert {"up 1", "up 3"} <= set(migrated.held_up)
    assert any(step.startswith("down") for step in migrated.held_up)
