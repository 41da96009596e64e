"""The image, built by podman and run by buildah, which need neither a daemon nor a kernel's container features."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev.parts import processes
from tests.debian import base, pip_settings

PROJECT = Path(__file__).resolve().parents[2]
CERTIFICATES = Path("/etc/ssl/certs")
PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_CERT", "PIP_TRUSTED_HOST")
"""Those that the Dockerfile takes."""


def base_image(suite: str) -> str:
    """A Debian with Python as an image."""
    tag = f"localhost/opamp-packages-base:{base.name(suite)}"
    if processes.complete(["podman", "image", "exists", tag]).returncode != 0:
        processes.check(["podman", "import", base.archive(suite), tag], "Importing the base image")
    return tag


def build(tag: str, suite: str) -> None:
    """Build the Dockerfile on a Debian, with this machine's settings of pip."""
    settings = pip_settings.variables()
    arguments = {"BASE": base_image(suite), **{name: settings[name] for name in PIP_SETTINGS if name in settings}}
    command = ["podman", "build", "--isolation=chroot", "--network=host", "--format=docker", "--tag", tag]
    command += [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"]
    command += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    processes.check([*command, "."], "Building the image", cwd=PROJECT)


def described(tag: str) -> dict[str, Any]:
    """What the image says of itself."""
    [description] = json.loads(processes.check(["podman", "inspect", tag], "podman inspect"))
    return dict(description)


def health_check(tag: str) -> list[str]:
    """The image's health check; podman's versions write its name differently."""
    named = {name.lower(): value for name, value in described(tag).items()}
    return list(named["healthcheck"]["Test"])


class Container:
    """A container of the image; several commands can run in it, one after the other."""

    def __init__(self, tag: str, environment: Mapping[str, str]) -> None:
        self.name = processes.check(["buildah", "from", tag], "Making a container").strip().splitlines()[-1]
        self.environment = [f"--env={name}={value}" for name, value in environment.items()]

    def command(self, *arguments: str) -> list[str]:
        """The command that runs `arguments` in it."""
        return ["buildah", "run", "--isolation=chroot", *self.environment, self.name, "--", *arguments]

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run a command in it to its end; its output."""
        return processes.check(self.command(*arguments), arguments[0], given=given)

    def begin(self, *arguments: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start a command in it."""
        return processes.launch(self.command(*arguments), log=log)

    def root(self) -> Path:
        """Where its file system is on this machine."""
        return Path(processes.check(["buildah", "mount", self.name], "Mounting the container").strip())

    def remove(self) -> None:
        """Remove it with all that was written in it."""
        processes.check(["buildah", "rm", self.name], "Removing the container")


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, parents before their children."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def master(process: "subprocess.Popen[bytes]") -> int:
    """The pid of the container's first process, to which an engine sends its signals."""
    below = descendants(process.pid)
    return next(pid for pid in below if Path(f"/proc/{pid}/comm").read_text().strip() == "gunicorn")


def terminate(process: "subprocess.Popen[bytes]") -> int:
    """Stop the container as an engine does; the exit code of the run."""
    os.kill(master(process), signal.SIGTERM)
    return process.wait(60)
