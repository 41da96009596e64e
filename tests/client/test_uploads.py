"""Uploads that go on where they stopped: through connections that are cut, and on another machine."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dev.parts import processes
from tests.client.conftest import User, UserOf
from tests.client.line import Line
from tests.faults.client import sha256

SIZE = 24 << 20


@pytest.fixture
def file(publisher: User, name: str) -> Path:
    """A file that is too long for one PUT."""
    return publisher.file(f"{name}_1.0.0_linux_amd64", os.urandom(SIZE))


def begun(user: User, file: Path, line: Line) -> "subprocess.Popen[bytes]":
    """A publish that is under way."""
    environ = {**user.environ, **line.environ}
    return subprocess.Popen([user.program, "publish", file], env=environ, cwd=user.folder, stderr=subprocess.DEVNULL)


def uploads(user: User, name: str) -> list[dict[str, Any]]:
    """The name's open uploads."""
    return [row for row in user.run("uploads", "list", "--json").document if row["name"] == name]


def killed_half_way(user: User, file: Path, line: Line, name: str) -> dict[str, Any]:
    """Publish, and kill the command when half of the file has gone through the line; the upload that it leaves."""
    line.hold_at = SIZE // 2
    running = begun(user, file, line)
    assert line.holds.wait(60), "half of the file has not come"
    running.kill()
    running.wait(processes.GONE)
    line.drop()
    processes.wait_until(lambda: uploads(user, name)[0]["offset"] > SIZE // 3, "What has come", 30)
    line.proxy.delay = 0
    return uploads(user, name)[0]


def test_cut_connections(publisher: User, name: str, file: Path, line: Line) -> None:
    """A line that is cut again and again: the bytes arrive whole, and hardly any of them twice."""
    running = begun(publisher, file, line)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        while line.sent < share * SIZE and running.poll() is None:
            time.sleep(0.005)
        line.cut()
    assert running.wait(60) == 0
    assert publisher.run("show", name, "1.0.0", "--json").document[0]["checksum"] == sha256(file.read_bytes())
    assert line.sent <= 1.02 * SIZE
    assert uploads(publisher, name) == []


def test_another_machine(publisher: User, name: str, file: Path, line: Line, tmp_path: Path) -> None:
    """Killed half way, it goes on from another folder and another home with what is missing; again, nothing is sent."""
    upload = killed_half_way(publisher, file, line, name)
    other = User(publisher.program, tmp_path / "other", tmp_path / "elsewhere", {**publisher.environ, **line.environ})
    for folder in (other.home, other.folder):
        folder.mkdir()
    other.environ["HOME"] = str(other.home)
    copy = other.file(file.name, file.read_bytes())
    line.sent = 0
    assert "Published" in other.run("publish", copy).out
    assert line.sent <= SIZE - upload["offset"] + 10_000
    line.sent = 0
    assert "Already there" in other.run("publish", copy).out
    assert line.sent < 10_000


def test_cancel(publisher: User, user_of: UserOf, name: str, file: Path, line: Line) -> None:
    """An upload is listed for its own user, and ended by its id."""
    upload = killed_half_way(publisher, file, line, name)
    assert upload["id"] in publisher.run("uploads", "list").out
    publisher.run("uploads", "cancel", upload["id"], "--dry-run")
    assert "Ended" in publisher.run("uploads", "cancel", upload["id"]).out
    assert uploads(publisher, name) == []
    publisher.run("uploads", "cancel", upload["id"], code=6)
