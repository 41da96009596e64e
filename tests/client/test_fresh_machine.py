"""A machine that has nothing but python3, curl and the service's URL."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.line import Line
from tests.client.test_publish import RELEASE
from tests.faults.client import sha256
from tests.faults.site import Site

PASSWORD = "a password of the tests"
LARGE, SMALL = 12 << 20, 200_000
"""Bytes: what goes in pieces, and what goes in one PUT."""


class Machine:
    """A home and a folder of its own, and an environment with nothing but the way to curl and python3."""

    def __init__(self, root: Path, line: Line, user: str) -> None:
        self.home, self.folder = root / "home", root / "work"
        for folder in (self.home, self.folder, root / "bin"):
            folder.mkdir(parents=True)
        # Not the environment's python: that has packages.
        (root / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
        (root / "bin" / "curl").symlink_to(shutil.which("curl") or "no curl")
        self.environ = {"HOME": str(self.home), "PATH": str(root / "bin")}
        self.line = line
        self.user = user

    def get_the_command(self) -> None:
        """As README.md has it, and the login."""
        subprocess.run(
            ["curl", "-fsSo", "opampkg", f"{self.line.url}/cli"],
            cwd=self.folder,
            env=self.environ,
            check=True,
            timeout=60,
        )
        (self.folder / "opampkg").chmod(0o755)
        login = ["./opampkg", "login", "--server", self.line.url, "--username", self.user, "--password-stdin"]
        subprocess.run(login, cwd=self.folder, env=self.environ, input=PASSWORD, text=True, check=True, timeout=60)

    def publishing(self, release: dict[str, bytes]) -> "subprocess.Popen[str]":
        """`./opampkg publish dist/*`, under way."""
        dist = self.folder / "dist"
        dist.mkdir(exist_ok=True)
        for name, content in release.items():
            (dist / name).write_bytes(content)
        command = ["./opampkg", "publish", "dist/*", "--json"]
        return subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True)

    def published(self, release: dict[str, bytes]) -> dict[str, str]:
        """What `publish` says is published: checksums by file name."""
        running = self.publishing(release)
        told, _ = running.communicate(timeout=120)
        assert running.returncode == 0
        return {row["file_name"]: row["checksum"] for row in json.loads(told)}


@pytest.fixture
def user(site: Site, name: str) -> str:
    """A user who may publish."""
    body = json.dumps({"username": name, "password": PASSWORD, "role": "publisher"}).encode()
    assert site.client().request("POST", "/api/v1/users", body, Content_Type="application/json").status == 201
    return name


def test_a_release_that_is_killed_half_way(tmp_path: Path, line: Line, name: str, user: str) -> None:
    """It goes on from another folder and another home with what is missing; again, and nothing is sent."""
    sizes = [LARGE if number % 4 == 3 else SMALL for number in range(len(RELEASE))]
    release = {form.format(name): os.urandom(size) for form, size in zip(RELEASE, sizes, strict=True)}
    first, second = Machine(tmp_path / "first", line, user), Machine(tmp_path / "second", line, user)
    first.get_the_command()
    line.sent, line.hold_at = 0, sum(sizes) // 2
    running = first.publishing(release)
    assert line.holds.wait(60), "half of the release has not come"
    running.kill()
    running.communicate(timeout=60)
    line.drop()
    sent_before, line.sent = line.sent, 0
    line.proxy.delay = 0
    second.get_the_command()
    line.sent = 0
    expected = {file: sha256(content) for file, content in release.items()}
    assert second.published(release) == expected
    assert sent_before + line.sent <= 1.02 * sum(sizes) + 2 * SMALL
    line.sent = 0
    assert second.published(release) == expected
    assert line.sent < 20_000
