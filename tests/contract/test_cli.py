"""`GET /cli`: the command as one file. Needs neither PostgreSQL nor storage."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.http.openapi.document import VERSION
from app.operations import cli_download
from tests.configuration import configuration


@pytest.fixture
def client() -> FlaskClient:
    """A client of a service with a public URL, without a token."""
    return create_app(configuration(server={"public_url": "https://packages.example.com/at"})).test_client()


def test_the_etag_is_the_checksum(client: FlaskClient) -> None:
    """A strong one; who has the file is told so with 304."""
    answer = client.get("/cli")
    assert answer.status_code == 200
    etag = f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert answer.headers["ETag"] == etag
    assert client.get("/cli", headers={"If-None-Match": etag}).status_code == 304
    head = client.head("/cli")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(answer.data)))


def test_anyone_may_have_it(client: FlaskClient) -> None:
    """Neither a bad token nor a query matters."""
    assert client.get("/cli?a=1&a=2", headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_equal_bytes_on_every_replica(client: FlaskClient, tmp_path: Path) -> None:
    """Another checkout, with other times and compiled files beside the sources, gives out the same bytes."""
    other = tmp_path / "client" / "opampkg"
    other.mkdir(parents=True)
    for path in sorted(cli_download.SOURCE.glob("*.py"), reverse=True):
        (other / path.name).write_bytes(path.read_bytes())
    (other / "__pycache__").mkdir()
    (other / "__pycache__" / "cli.cpython-311.pyc").write_bytes(b"other bytes")
    assert cli_download.zipapp(other, "https://packages.example.com/at") == client.get("/cli").data


def test_it_runs(client: FlaskClient, tmp_path: Path) -> None:
    """It is a program with the service's version, and knows where it came from."""
    program = tmp_path / "opampkg"
    program.write_bytes(client.get("/cli").data)
    program.chmod(0o755)
    environ = {"HOME": str(tmp_path), "PATH": str(Path(sys.executable).parent)}
    told = subprocess.run(
        [program, "--version"], env=environ, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert told == f"opampkg {VERSION}\n"
    ended = subprocess.run([program, "list"], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 4
    assert "https://packages.example.com/at" in ended.stderr
