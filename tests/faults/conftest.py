"""One installation for all tests of faults: each fault ends by itself, which is what is tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.postgres import Postgres
from tests.faults.client import Client
from tests.faults.site import Site, installed


@pytest.fixture(scope="package")
def site(services_folder: Path, postgres_server: Postgres, database_template: None) -> Iterator[Site]:
    """The installation."""
    with installed(services_folder, postgres_server, "fault_tests") as built:
        yield built


@pytest.fixture
def admin(site: Site) -> Client:
    """A client with the role admin."""
    return site.client("admin")
