"""The real service on real PostgreSQL and MinIO, and the official Go client in an agent."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import empty, migrated
from tests.faults import service as services
from tests.faults.client import Client
from tests.opamp import go_agent
from tests.opamp.fleet import Fleet
from tests.opamp.walk import CONTENT, Walk
from tests.trust.sigstore import Sigstore

WORKERS = int(os.environ.get("OPAMP_TEST_ROLLOUT_WORKERS", "2"))
"""Of each instance."""


@pytest.fixture(scope="session")
def agent_binary() -> Path:
    """The built agent."""
    return go_agent.built()


@pytest.fixture(scope="package")
def installation(
    services_folder: Path, postgres_server: Postgres, database_template: None, minio_server: S3
) -> Iterator[tuple[services.Service, str]]:
    """A running service, and its database's URL."""
    keys = {"access_key": minio_server.access_key, "secret_key": minio_server.secret_key}
    minio = {"endpoint": minio_server.endpoint, "bucket": "opamp-tests", **keys}
    with migrated(postgres_server, "opamp_tests") as url:
        built = {"database": {"url": url}, "storage": {"backend": "minio"}, "minio": minio}
        polling = {"agents": {"polling_interval": "1s"}, "rollouts": {"interval": "1s"}}
        with services.running(services_folder, **built, **polling, server={"workers": WORKERS}) as service:
            yield service, url


@pytest.fixture(scope="package")
def tokens(installation: tuple[services.Service, str]) -> dict[str, str]:
    """A machine token for each role."""
    return {role: installation[0].token(role) for role in ("admin", "agent")}


@pytest.fixture
def fleet(
    installation: tuple[services.Service, str], tokens: dict[str, str], agent_binary: Path, services_folder: Path
) -> Iterator[Fleet]:
    """The service with empty tables; all agents that the test starts are stopped at its end."""
    service, url = installation
    empty(url)
    operator = Client(service.url, tokens["admin"])
    folder = services_folder / f"agents-{secrets.token_hex(4)}"
    fleet = Fleet(service, url, operator, tokens["agent"], agent_binary, folder)
    yield fleet
    for agent in fleet.agents:
        agent.stop()


@pytest.fixture(scope="package")
def second(installation: tuple[services.Service, str], services_folder: Path) -> Iterator[services.Service]:
    """Another instance on the same database and bucket."""
    with services.running(services_folder, **installation[0].sections) as service:
        yield service


@pytest.fixture
def walk(fleet: Fleet, second: services.Service, tmp_path: Path) -> Walk:
    """The document's reader, at the first instance."""
    (tmp_path / "agent").write_bytes(CONTENT)
    return Walk(fleet, replace(fleet, service=second), tmp_path, Sigstore())
