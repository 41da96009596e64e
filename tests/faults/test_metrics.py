"""Metrics while workers die and the disk is full."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.parts import processes
from dev.parts.postgres import Postgres
from tests.databases import migrated
from tests.faults import service
from tests.faults.client import Client
from tests.faults.service import Service

COUNTED = 'opamp_packages_http_requests_total{method="GET",route="/api/v1/packages",status="200"}'
RESTARTS = 5


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system without a free byte."""
    folder = tmp_path / "full"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], check=False, capture_output=True, timeout=60).returncode:
        pytest.fail("mounting needs root: .ci/run has it")
    try:
        with contextlib.suppress(OSError):
            (folder / "filling").write_bytes(b"x" * 65536)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=60)


@pytest.fixture
def serving(
    full_disk: Path,
    tmp_path: Path,
    postgres_server: Postgres,
    database_template: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """The service whose temporary files, and what prometheus_client writes by itself, would be on the full disk."""
    monkeypatch.setenv("TMPDIR", str(full_disk))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(full_disk))
    storage = {"backend": "filesystem", "root": str(tmp_path / "packages")}
    with (
        migrated(postgres_server, "metrics") as url,
        service.running(tmp_path, database={"url": url}, storage=storage) as running,
    ):
        yield running


def counted(client: Client) -> float:
    """How often COUNTED was counted."""
    lines = client.request("GET", "/metrics").body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(COUNTED))


def kill_workers(running: Service) -> None:
    """Kill all workers, and return when others have taken their places."""
    assert running.process
    before = set(service.children(running.process.pid))
    running.kill_workers()

    def replaced() -> bool:
        assert running.process
        now = set(service.children(running.process.pid))
        return len(now) == len(before) and not now & before

    processes.wait_until(replaced, "other workers")
    running.until_ready()


def ask(client: Client, times: int) -> None:
    """So many requests that are all answered."""
    for _ in range(times):
        assert client.get("/packages?limit=1").status == 200


def test_full_disk_and_killed_workers(serving: Service, full_disk: Path) -> None:
    """A full disk costs no answer and no worker; counts outlive their workers, and killing all leaves no file."""
    client = Client(serving.url, serving.token("agent"))
    for restart in range(1, RESTARTS + 1):
        ask(client, 20)
        # A request is counted a moment after its answer has gone.
        processes.wait_until(lambda wanted=20 * restart: counted(client) == wanted, "the last request's count")
        kill_workers(serving)
    assert counted(client) == 20 * RESTARTS
    assert "SIGBUS" not in serving.log.read_text()
    serving.kill()
    assert [file.name for file in full_disk.iterdir()] == ["filling"]
