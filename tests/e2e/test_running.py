"""While the service runs: another start, commands pasted again, and logins that fail."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.parts import processes
from tests.e2e import readme
from tests.e2e.checkout import Checkout, environment


@dataclass(frozen=True)
class Running:
    """A clone with the service running in it on `port`, on the folder; `output` is what the start printed."""

    checkout: Checkout
    port: int
    output: str


@pytest.fixture(scope="module")
def running(shared_checkout: Checkout) -> Iterator[Running]:
    """One start for the tests of this file."""
    port = processes.free_port()
    ended = shared_checkout.run("start-dev.sh", "--storage", "filesystem", "--port", str(port))
    assert ended.returncode == 0, ended.stderr
    yield Running(shared_checkout, port, ended.stdout)
    shared_checkout.run("stop-dev.sh")


def paste(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands as a user's shell in `folder` would."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-ec", commands],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def printed(output: str) -> list[str]:
    """The commands that the start printed."""
    return re.findall(r"^(?:TOKEN=|curl )(?:.*\\\n)*.*$", output, re.MULTILINE)


def test_another_port_is_refused(running: Running) -> None:
    """A start with another port says where the service is, that the port is not obeyed and what to do, and fails."""
    other = str(processes.free_port())
    ended = running.checkout.run("start-dev.sh", "--port", other)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"already running: http://127.0.0.1:{running.port}" in ended.stderr
    assert f"--port {other} is not obeyed" in ended.stderr
    assert "./stop-dev.sh" in ended.stderr


def test_another_storage_is_refused(running: Running) -> None:
    """A start with another storage says that it is not obeyed and what to do, and fails."""
    ended = running.checkout.run("start-dev.sh", "--storage", "minio")
    assert ended.returncode == 1
    assert "--storage minio is not obeyed" in ended.stderr
    assert "./stop-dev.sh" in ended.stderr


def test_the_same_again_is_no_fault(running: Running) -> None:
    """A start that asks for the port and the storage that it has says 'already running' and succeeds."""
    ended = running.checkout.run("start-dev.sh", "--storage", "filesystem", "--port", str(running.port))
    assert ended.returncode == 0, ended.stderr
    assert "already running" in ended.stdout


@pytest.mark.parametrize("time", ["once", "again"])
def test_the_printed_commands_work(running: Running, tmp_path: Path, time: str) -> None:
    """The printed commands log in, upload, list and download when pasted; they write nothing where they are pasted."""
    login, upload, listing, download = printed(running.output)
    ended = paste(f"{login}\n{upload}\n{listing}\n{download}", tmp_path)
    assert ended.returncode == 0, ended.stderr
    package, end = json.JSONDecoder().raw_decode(ended.stdout)
    assert package in json.loads(ended.stdout[end:])
    downloaded = running.checkout.folder / "data" / "dev" / "downloaded-agent"
    assert downloaded.read_text().startswith("#!/bin/sh")
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_private(running: Running) -> None:
    """The files with secrets are readable by their owner only, and no secret is printed."""
    state = running.checkout.folder / "data" / "dev"
    for name in ("admin-password", "config.yaml", "secrets.json"):
        assert (state / name).stat().st_mode & 0o777 == 0o600
    secrets = json.loads((state / "secrets.json").read_text())
    secrets["admin"] = (state / "admin-password").read_text().strip()
    del secrets["minio_access_key"]
    assert not [name for name, secret in secrets.items() if secret in running.output]


def test_a_failed_login_says_why(running: Running, tmp_path: Path) -> None:
    """The printed login shows the service's own sentence where the password is wrong, and fails."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password\n")
    login = re.sub(r"\$\(cat [^)]*\)", f"$(cat {wrong})", printed(running.output)[0])
    ended = paste(login, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == "The user name or the password is wrong.\n"


def test_the_readme_login_says_why(running: Running, tmp_path: Path) -> None:
    """So does the README's."""
    (tmp_path / "data" / "dev").mkdir(parents=True)
    (tmp_path / "data" / "dev" / "admin-password").write_text("not the password\n")
    login = next(block for block in readme.blocks() if "/auth/login" in block)
    ended = paste(login.replace(readme.ADDRESS, f"http://127.0.0.1:{running.port}"), tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == "The user name or the password is wrong.\n"


def test_a_failed_download_says_why(running: Running, tmp_path: Path) -> None:
    """The printed download of what is not there shows the error's `detail`, and fails."""
    download = printed(running.output)[-1].replace("opamp-agent/1.0.0", "opamp-agent/9.9.9")
    ended = paste(f"{printed(running.output)[0]}\n{download}", tmp_path)
    assert ended.returncode != 0
    assert json.loads(ended.stdout)["detail"]
