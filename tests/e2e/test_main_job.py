"""The main job on real input: a fresh clone, an executable of over 100 MB, and the README's commands, pasted twice."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.parts import go_tools, processes
from tests.e2e import readme
from tests.e2e.checkout import Checkout, fresh_clone

HUNDRED_MB = 100_000_000


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the output of each block of the README is."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def port() -> int:
    """A free port for the service."""
    return processes.free_port()


@pytest.fixture(scope="module")
def readme_ran(services_folder: Path, outputs: Path, port: int) -> Iterator[Checkout]:
    """A fresh clone in which every block of the README has run twice, with MinIO's executable as the agent."""
    checkout = fresh_clone(services_folder / "fresh clone")
    agent = outputs / "agent-v1.0.0-linux-amd64"
    shutil.copy(go_tools.built("minio"), agent)
    try:
        readme.run_twice(checkout, outputs, storage="minio", port=port, agent=str(agent))
        yield checkout
    finally:
        checkout.run("stop-dev.sh")


def answer(outputs: Path, command: str, time: str = "once") -> Any:
    """The JSON that a block of the README printed."""
    return json.loads(readme.output_of(outputs, command, time))


def test_the_executable_is_published(readme_ran: Checkout, outputs: Path) -> None:
    """The README's upload stores the whole executable and answers with its package."""
    package = answer(outputs, "-X POST $API/packages")
    size = (outputs / "agent-v1.0.0-linux-amd64").stat().st_size
    assert package["file_size"] == size > HUNDRED_MB
    assert package["id"] == 1


def test_it_is_listed(readme_ran: Checkout, outputs: Path) -> None:
    """The README's list has the uploaded package, and nothing else."""
    [package] = answer(outputs, 'curl -sS $API/packages -H "Authorization: Bearer $TOKEN"\n')
    assert package["name"] == "opamp-agent"
    assert package["file_name"] == "agent-v1.0.0-linux-amd64"


def test_the_downloaded_executable_runs(readme_ran: Checkout, outputs: Path) -> None:
    """What is downloaded is equal to what was uploaded (the block compares them) and runs."""
    assert "MinIO, Inc." in readme.output_of(outputs, "data/try/agent --version")


def test_pasted_again(readme_ran: Checkout, outputs: Path) -> None:
    """Pasted again, the README publishes its package anew, under an id of its own that its other commands follow."""
    assert answer(outputs, "-X POST $API/packages", "again")["id"] > answer(outputs, "-X POST $API/packages")["id"]


def test_it_writes_below_data_only(readme_ran: Checkout) -> None:
    """Nothing of the README's commands stays in the checkout but below data/; .venv and caches of Python aside."""
    status = ["git", "-C", str(readme_ran.folder), "status", "--porcelain", "-z", "--ignored"]
    lines = subprocess.run(status, capture_output=True, text=True, check=True, timeout=60).stdout.split("\0")
    assert {line for line in lines if line and "__pycache__" not in line} == {"!! data/", "!! .venv/"}


def test_tokens_in_files_are_private(readme_ran: Checkout) -> None:
    """The token that the README puts into a file can be read by its owner only."""
    assert (readme_ran.folder / "data" / "try" / "fleet-token").stat().st_mode & 0o777 == 0o600


def test_latest_is_by_precedence(readme_ran: Checkout, outputs: Path) -> None:
    """The README's question for the latest version finds 1.2.0, not its release candidate."""
    assert answer(outputs, "$API/packages/latest")["version"] == "1.2.0"


def test_its_bytes_are_in_minio(readme_ran: Checkout) -> None:
    """The bucket holds one object for each package that was not deleted, beside the one that says whose it is."""
    bucket = readme_ran.folder / "data" / "dev" / "minio" / "opamp-packages"
    assert len(list(bucket.glob("objects/[0-9a-f]*/*"))) == 4


def test_nothing_is_left_running(readme_ran: Checkout, port: int) -> None:
    """After the README's last command no process of the clone is left, and the port is free."""
    assert readme_ran.processes() == []
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
