"""README's 'Coming from the Go platform', with that platform's own config.yaml."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from app.config import ConfigError, load
from dev.checkout import PROJECT, PYTHON
from dev.parts import processes
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import execute

FLASK = [PYTHON, "-m", "flask", "--app", "wsgi"]
GUNICORN = [PYTHON, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]

ITS_FILE = """
server: {port: 8080, mode: debug}
opamp: {endpoint: /v1/opamp, heartbeat_interval: 30, secret_key: ""}
jwt: {secret_key: your-secret-key-change-in-production, duration: 24h}
database:
  {host: localhost, port: 5432, user: opamp, password: opamp123, dbname: opamp_platform,
   max_open_conns: 25, max_idle_conns: 5, conn_max_lifetime: 300}
redis: {host: localhost, port: 6379, password: "", db: 0, pool_size: 10}
minio:
  {endpoint: "localhost:9000", access_key: minioadmin, secret_key: minioadmin123, use_ssl: false,
   bucket: agent-packages}
logging: {level: info, format: console, output: stdout}
"""
"""Every key that it has, with the values that it is published with."""


def its_keys() -> dict[str, dict[str, Any]]:
    """Its sections."""
    sections: dict[str, dict[str, Any]] = yaml.safe_load(ITS_FILE)
    return sections


def documented(what_to_do: str) -> set[str]:
    """The keys that README's table says this of."""
    _, _, rest = (PROJECT / "README.md").read_text().partition("\n## Coming from the Go platform\n")
    section, _, _ = rest.partition("\n## ")
    rows = re.findall(rf"^\| ([^|]+) \| {what_to_do}", section, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([\w.]+)`", row)}


def as_documented() -> dict[str, dict[str, Any]]:
    """Its file without what README says to take out."""
    sections = its_keys()
    for key in documented("take out"):
        section, name = key.split(".")
        del sections[section][name]
    return sections


def refusal(sections: dict[str, dict[str, Any]], folder: Path) -> str:
    """What the start says to such a file."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(sections))
    with pytest.raises(ConfigError) as refused:
        load(file, environ={})
    return str(refused.value)


def test_what_is_to_be_taken_out_is_what_the_start_refuses(tmp_path: Path) -> None:
    """README names exactly the keys that are unknown here."""
    assert set(re.findall(r"unknown key ([\w.]+)", refusal(its_keys(), tmp_path))) == documented("take out")


def test_its_sample_secret_is_refused(tmp_path: Path) -> None:
    """What is left then is the key of the tokens that it is published with, as README says."""
    refused = set(re.findall(r"(\w+\.\w+): got", refusal(as_documented(), tmp_path)))
    assert refused == documented("another value, if") == {"jwt.secret_key"}


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    execute(postgres_server.url(), "CREATE DATABASE of_its_own")
    yield postgres_server.url("of_its_own")
    execute(postgres_server.url(), "DROP DATABASE of_its_own WITH (FORCE)")


def test_the_service_starts_with_its_file(tmp_path: Path, database: str, minio_server: S3) -> None:
    """Without those keys, and with the values of where it is to run, it becomes ready."""
    at, port = urlsplit(database), processes.free_port()
    sections = as_documented()
    sections["server"]["port"] = port
    sections["jwt"]["secret_key"] = "a-key-of-this-test-that-opens-nothing-else"
    sections["database"] |= {
        "host": at.hostname,
        "port": at.port,
        "user": at.username,
        "password": at.password or "",
        "dbname": at.path[1:],
    }
    sections["minio"] |= {
        "endpoint": minio_server.endpoint,
        "access_key": minio_server.access_key,
        "secret_key": minio_server.secret_key,
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(sections))
    environ = {"OPAMP_PACKAGES_CONFIG": str(file), "HOME": str(tmp_path)}
    processes.check([*FLASK, "db", "upgrade"], "Migrating", env=environ, cwd=PROJECT)
    service = processes.launch(GUNICORN, log=tmp_path / "log", env=environ, cwd=PROJECT)
    try:
        url = f"http://{processes.HOST}:{port}/health/ready"
        processes.wait_until(lambda: service.poll() is not None or processes.answers(url), f"The service ({tmp_path})")
        assert service.poll() is None, (tmp_path / "log").read_text()
    finally:
        processes.stop(service)
