"""Databases that the service refuses, at its start or later: behind a pooler, or of another encoding than UTF-8."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database import deadline, failures
from app.database.engine import Session
from app.errors import DatabaseUnavailable
from dev.checkout import PROJECT
from dev.parts import pgbouncer, processes
from dev.parts.postgres import Postgres
from tests.databases import execute
from tests.faults.service import FLASK, GUNICORN, Service
from tests.integration.database.conftest import Opened

LOSING = "ignore_startup_parameters = options"


@pytest.fixture(scope="module", params=["", LOSING], ids=["refuses settings", "loses settings"])
def pooled(request: pytest.FixtureRequest, postgres_server: Postgres, services_folder: Path) -> Iterator[str]:
    """A database behind PgBouncer in transaction mode, as it is installed, or told to ignore what it does not know."""
    if not pgbouncer.installed():
        pytest.skip("there is no PgBouncer: install Debian's pgbouncer")
    folder = services_folder / f"pgbouncer-{len(request.param)}"
    with pgbouncer.running(folder, postgres_server, more=request.param) as at:
        yield f"postgresql://postgres@{at}/postgres"


@pytest.fixture(scope="module")
def latin(postgres_server: Postgres) -> Iterator[str]:
    """A database that cannot hold every name."""
    execute(postgres_server.url(), "CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    yield postgres_server.url("latin1")
    execute(postgres_server.url(), "DROP DATABASE latin1 WITH (FORCE)")


def started(folder: Path, url: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """The command's end, on that database."""
    environ = {**os.environ, **Service(folder, {"database": {"url": url}, "storage": {"root": folder}}).environ}
    return processes.complete(command, env=environ, cwd=PROJECT, seconds=60)


@pytest.mark.parametrize("session", Session)
def test_a_pooler_is_refused(pooled: str, opened: Opened, session: Session) -> None:
    """Neither requests nor commands work on sessions that are not theirs."""
    with deadline.budget(deadline.REQUEST_BUDGET), pytest.raises(DatabaseUnavailable) as refused:
        opened(pooled, session=session).rows("SELECT 1 AS one", {})
    assert refused.value.detail.startswith(failures.POOLER.sentence)


def test_the_service_does_not_start_behind_a_pooler(pooled: str, tmp_path: Path) -> None:
    """After the line that gunicorn starts one says why not, and it ends."""
    ended = started(tmp_path, pooled, GUNICORN)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[1:] == [f"opamp-packages: {failures.POOLER.sentence}"]


def test_a_command_behind_a_pooler(pooled: str, tmp_path: Path) -> None:
    """A command ends with one line."""
    ended = started(tmp_path, pooled, [*FLASK, "db", "upgrade"])
    (line,) = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert line.startswith(f"Error: {failures.POOLER.sentence}")


def test_the_service_does_not_start_on_another_encoding(latin: str, tmp_path: Path) -> None:
    """After the line that gunicorn starts one says why not, and it ends."""
    ended = started(tmp_path, latin, GUNICORN)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[1:] == [f"opamp-packages: {failures.ENCODING.sentence}"]


def test_the_encoding_is_ours(postgres_server: Postgres, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGCLIENTENCODING, or a role's setting, does not change what is sent."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    (row,) = opened(postgres_server.url()).rows("SELECT 'Größe \u2713' AS text, %(text)s AS sent", {"text": "\u2713"})
    assert tuple(row) == ("Größe \u2713", "\u2713")
