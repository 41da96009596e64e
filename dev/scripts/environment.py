"""The virtual environment .venv: made once, and again when the locked requirements change."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from dev.checkout import LOCK, PROJECT, PYTHON, VENV
from dev.parts import processes

REQUIREMENTS = [PROJECT / "requirements.txt", PROJECT / "requirements-dev.txt"]
INSTALLED = VENV / ".opamp-installed"
UNFINISHED = VENV / ".opamp-unfinished"
HOUR = 3600.0
"""Seconds that an installation may take over a bad line."""
USABLE = "import sys, pip; sys.exit(sys.version_info < (3, 11))"


def enter(module: str, arguments: Sequence[str]) -> None:
    """Go on as `python -m module arguments` of .venv, made first if need be; return if that is where we are."""
    if Path(sys.prefix) == VENV:
        return
    with exclusively():
        ensure()
    leave_for([PYTHON, "-m", module, *arguments])


def leave_for(command: Sequence[str]) -> NoReturn:
    """Become `command`."""
    sys.stdout.flush()
    os.execv(command[0], list(command))  # noqa: S606 - no shell is wanted


@contextlib.contextmanager
def exclusively() -> Iterator[None]:
    """Hold the lock of this checkout's scripts: two at once would make, start or stop the same things."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another start-dev.sh, stop-dev.sh or test.sh is at work here; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure() -> None:
    """Make .venv hold exactly the locked requirements. An installation that was cut short begins afresh."""
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in REQUIREMENTS)).hexdigest()
    usable = not UNFINISHED.exists() and is_usable()
    if usable and INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return
    print("Installing the requirements into .venv (once; about a minute) …", flush=True)
    if not usable:
        create()
    UNFINISHED.touch()
    install()
    INSTALLED.write_text(wanted)
    UNFINISHED.unlink()


def is_usable() -> bool:
    """Whether .venv has a Python that runs, is new enough and has pip."""
    if not os.access(PYTHON, os.X_OK):
        return False
    return processes.complete([PYTHON, "-c", USABLE]).returncode == 0


def create() -> None:
    """An empty .venv in place of whatever is there."""
    if importable("ensurepip"):
        VENV.mkdir(exist_ok=True)
        processes.check([sys.executable, "-m", "venv", "--clear", VENV], "Making .venv")
        return
    raise processes.Failed(
        "This Python cannot make a virtual environment: it lacks ensurepip. "
        "On Debian or Ubuntu: apt-get install python3-venv"
    )


def importable(name: str) -> bool:
    """Whether this Python can import the module."""
    return processes.complete([sys.executable, "-c", f"import {name}"]).returncode == 0


def install() -> None:
    """The requirements, by uv where it is installed (seconds) and works, else by pip."""
    files = [argument for file in REQUIREMENTS for argument in ("-r", str(file))]
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", *files]
        with contextlib.suppress(processes.Failed):
            processes.check(command, "Installing with uv", seconds=HOUR)
            return
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    processes.check([*pip, "--no-compile", "--require-hashes", *files], "Installing the requirements", seconds=HOUR)
