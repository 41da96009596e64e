"""The image and the service running in a container of it, on real PostgreSQL and MinIO."""

import contextlib
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from dev.parts import processes
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.container import engine
from tests.databases import execute
from tests.debian import base

IMAGE = "localhost/opamp-packages:test"
OLDEST = next(iter(base.PYTHONS))
PASSWORD = "a password for the container"


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> str:
    """The image, built now on the Debian whose suite is the parameter, else on the oldest."""
    absent = base.absent("podman", "buildah")
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
    suite = getattr(request, "param", OLDEST)
    engine.build(f"{IMAGE}-{suite}", suite)
    return f"{IMAGE}-{suite}"


@dataclass
class Service:
    """The service in its container."""

    container: engine.Container
    process: "subprocess.Popen[bytes]"
    url: str
    started_at: float
    log: Path

    def token(self) -> str:
        """A token of the admin."""
        login = {"username": "admin", "password": PASSWORD}
        answer = requests.post(f"{self.url}/api/v1/auth/login", json=login, timeout=10)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


@contextlib.contextmanager
def empty_database(server: Postgres) -> Iterator[str]:
    """An empty database, dropped at the end; yields its URL."""
    execute(server.url(), "CREATE DATABASE container_test")
    try:
        yield server.url("container_test")
    finally:
        execute(server.url(), "DROP DATABASE container_test WITH (FORCE)")


def settings(database: str, minio: S3, port: int) -> dict[str, str]:
    """The container's environment."""
    return {
        "OPAMP_PACKAGES_DATABASE__URL": database,
        "OPAMP_PACKAGES_JWT__SECRET_KEY": secrets.token_urlsafe(48),
        "OPAMP_PACKAGES_MINIO__ENDPOINT": minio.endpoint,
        "OPAMP_PACKAGES_MINIO__ACCESS_KEY": minio.access_key,
        "OPAMP_PACKAGES_MINIO__SECRET_KEY": minio.secret_key,
        "OPAMP_PACKAGES_MINIO__BUCKET": "container-test",
        "OPAMP_PACKAGES_SERVER__PORT": str(port),
    }


@pytest.fixture
def service(image: str, postgres_server: Postgres, minio_server: S3, tmp_path: Path) -> Iterator[Service]:
    """The service as compose runs it: the migration first, then gunicorn; with an admin."""
    port = processes.free_port()
    with empty_database(postgres_server) as database:
        container = engine.Container(image, settings(database, minio_server, port))
        container.run("flask", "--app", "wsgi", "db", "upgrade")
        users = ("flask", "--app", "wsgi", "users", "create", "admin", "--role", "admin", "--password-stdin")
        container.run(*users, given=PASSWORD)
        started_at = time.time()
        log = tmp_path / "service.log"
        process = container.begin("gunicorn", "-c", "gunicorn.conf.py", "wsgi:app", log=log)
        url = f"http://127.0.0.1:{port}"
        try:
            processes.wait_until(lambda: processes.answers(f"{url}/health/ready"), f"the service (see {log})")
            yield Service(container, process, url, started_at, log)
        finally:
            if process.poll() is None:
                engine.terminate(process)
            container.remove()
