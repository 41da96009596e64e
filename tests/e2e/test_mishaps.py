"""Mishaps of a start: each ends in one line that says what to do, and leaves nothing running."""

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.parts import processes
from dev.parts.postgres import Postgres
from tests.e2e.checkout import Checkout, environment, fresh_clone

FOLDER = ("--storage", "filesystem")
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture(scope="module")
def started_once(shared_checkout: Checkout) -> Checkout:
    """The clone after a start and a stop: with a database, an admin and secrets."""
    refuse_failure(shared_checkout.run("start-dev.sh", *FOLDER, "--port", str(processes.free_port())))
    shared_checkout.run("stop-dev.sh")
    return shared_checkout


@pytest.fixture
def stopped(started_once: Checkout) -> Iterator[Checkout]:
    """The same with nothing running, before and after."""
    yield started_once
    started_once.run("stop-dev.sh")


def refuse_failure(ended: subprocess.CompletedProcess[str]) -> None:
    """Fail with the script's output."""
    assert ended.returncode == 0, ended.stdout + ended.stderr


def state(checkout: Checkout) -> Path:
    """Where the start keeps its files."""
    return checkout.folder / "data" / "dev"


def refused(checkout: Checkout, *options: str, **variables: str) -> str:
    """The one line of a start that fails."""
    ended = checkout.run("start-dev.sh", *FOLDER, "--port", str(processes.free_port()), *options, **variables)
    return only_line(checkout, ended)


def only_line(checkout: Checkout, ended: subprocess.CompletedProcess[str]) -> str:
    """What the failed script printed on standard error: one line; nothing was left running."""
    assert ended.returncode == 1, ended.stdout + ended.stderr
    [line] = ended.stderr.splitlines()
    assert checkout.processes() == []
    return line


def run_as_nobody(script: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script as another user than the clone's."""
    other = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--"]
    return subprocess.run(
        [*other, str(script), *options],
        cwd="/",
        env={**environment(), "HOME": "/nonexistent"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_database_that_is_not_there(stopped: Checkout) -> None:
    """A start with a PostgreSQL in the configuration that does not listen names it, and takes no other instead."""
    port = processes.free_port()
    line = refused(stopped, OPAMP_PACKAGES_DATABASE__HOST="127.0.0.1", OPAMP_PACKAGES_DATABASE__PORT=str(port))
    assert f"port {port} failed: Connection refused" in line
    assert "section database" in line


def test_a_database_that_refuses(stopped: Checkout, postgres_server: Postgres) -> None:
    """A wrong name of the database stops the start with PostgreSQL's own sentence, without the password."""
    url = postgres_server.url("no_such_database").replace("@", ":a-secret-of-the-user@")
    line = refused(stopped, OPAMP_PACKAGES_DATABASE__URL=url)
    assert 'database "no_such_database" does not exist' in line
    assert "a-secret" not in line


def test_a_lost_password(stopped: Checkout) -> None:
    """Where the file with admin's password is lost, the start gives admin a new one, says so, and it logs in."""
    password = state(stopped) / "admin-password"
    before = password.read_text()
    password.unlink()
    port = processes.free_port()
    ended = stopped.run("start-dev.sh", *FOLDER, "--port", str(port))
    refuse_failure(ended)
    assert f"{password} was lost: admin gets a new password" in ended.stdout
    assert password.read_text() != before
    body = json.dumps({"username": "admin", "password": password.read_text().strip()}).encode()
    login = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/auth/login", body, {"Content-Type": "application/json"}
    )
    assert json.load(urllib.request.urlopen(login, timeout=10))["token"]


@needs_root
def test_another_user_after_root(stopped: Checkout) -> None:
    """A user's start where root started before says whose the files are and who should start."""
    line = only_line(stopped, run_as_nobody(stopped.folder / "start-dev.sh"))
    assert f"{state(stopped)} is from a start by another user" in line
    assert "Run this as root" in line


@needs_root
def test_another_user_stops(stopped: Checkout) -> None:
    """So does a user's stop."""
    line = only_line(stopped, run_as_nobody(stopped.folder / "stop-dev.sh"))
    assert "no right to use" in line
    assert "Run this as root" in line


@needs_root
def test_root_after_another_user(stopped: Checkout) -> None:
    """Root's start where a user started before says so, and changes nothing there."""
    os.chown(state(stopped), NOBODY, NOBODY)
    try:
        line = refused(stopped)
    finally:
        os.chown(state(stopped), 0, 0)
    assert "belongs to nobody, and you are root. Run this as nobody" in line


@needs_root
def test_no_right_to_write(services_folder: Path) -> None:
    """A start in a checkout where the user may write nothing says whose it is and what to do."""
    clone = fresh_clone(services_folder / "closed")
    line = only_line(clone, run_as_nobody(clone.folder / "start-dev.sh"))
    assert f"no right to use {clone.folder}/data" in line
    assert "clone of your own" in line


@pytest.mark.parametrize("script", ["start-dev.sh", "stop-dev.sh"])
def test_a_damaged_state(stopped: Checkout, script: str) -> None:
    """A record of what runs that is damaged stops the scripts with its name and what to do with it."""
    record = state(stopped) / "state.json"
    record.write_text('{"parts": [{"na')
    try:
        line = only_line(stopped, stopped.run(script))
    finally:
        record.unlink()
    assert f"{record}, which says what runs, is damaged" in line
    assert "remove that file" in line


def test_damaged_secrets(stopped: Checkout) -> None:
    """So do secrets that are damaged."""
    file = state(stopped) / "secrets.json"
    whole = file.read_text()
    file.write_text("")
    try:
        line = refused(stopped)
    finally:
        file.write_text(whole)
    assert f"{file}, which holds the passwords" in line


def test_a_damaged_choice_of_storage(stopped: Checkout) -> None:
    """Without --storage so does a record of the storage that is damaged; another storage is not taken instead."""
    file = state(stopped) / "storage"
    whole = file.read_text()
    file.write_text("fold")
    try:
        line = only_line(stopped, stopped.run("start-dev.sh", "--port", str(processes.free_port())))
    finally:
        file.write_text(whole)
    assert f"{file} is damaged" in line
    assert "--storage minio or filesystem" in line


def test_the_port_suggested_is_near(stopped: Checkout) -> None:
    """A start on a port in use names it, suggests the next one that is free, and fails."""
    with socket.socket() as taken, socket.socket() as next_to_it:
        port = processes.free_port_near(processes.free_port())
        while not processes.is_free(port + 1):
            port = processes.free_port_near(port)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        next_to_it.bind(("127.0.0.1", port + 1))
        next_to_it.listen()
        line = refused(stopped, "--port", str(port))
    assert f"port {port} of 127.0.0.1 is in use by another program" in line
    suggested = int(line.split("--port ")[1])
    assert port + 1 < suggested < port + 50
