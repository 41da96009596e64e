"""Debian base systems with Python, made by debootstrap once and cached."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev.parts import go_tools, processes

PYTHONS = {"bookworm": "3.11", "trixie": "3.13", "testing": "3.14"}
"""The suites that tests run on, oldest first, and the Python of each; `testing` may have a newer one by now."""

PACKAGES = ("python3", "python3-venv", "curl")
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def absent(*programs: str) -> list[str]:
    """What is missing on this machine for making base systems, and of `programs`."""
    missing = [name for name in ("debootstrap", *programs) if shutil.which(name, path=PATH) is None]
    return missing or ([] if os.geteuid() == 0 else ["root"])


def name(suite: str) -> str:
    """A name that is another one when what is to be in the base system changes."""
    digest = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()
    return f"{suite}-{digest[:8]}"


def archive(suite: str) -> Path:
    """The base system as a tar, made now if it is not in the cache. Raises Failed."""
    path = go_tools.cache().parent / "debian" / f"{name(suite)}.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        # While another process makes it, this waits for that.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{suite}-") as folder:
                make(suite, Path(folder) / "root", Path(folder) / "tar")
                (Path(folder) / "tar").replace(path)
    return path


def make(suite: str, root: Path, tar: Path) -> None:
    """Debian's base system of `suite` in `root`, and packed as `tar`."""
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, root, *mirror()]
    processes.check(command, f"debootstrap of {suite}", env={"PATH": PATH})
    cached_packages = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
    processes.check(["tar", "-C", root, *cached_packages, "-cf", tar, "."], f"Packing {suite}")


def mirror() -> list[str]:
    """The mirror that this Debian installs from, as an argument; nothing, debootstrap's default, on other systems."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    columns = ["--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"]
    try:
        targets = processes.complete(["apt-get", "indextargets", *columns]).stdout
    except FileNotFoundError:
        return []
    found = [line.split()[2] for line in targets.splitlines() if line.startswith(f"{suite} main ")]
    return found[:1]


def unpack(suite: str, root: Path) -> None:
    """A base system of its own in `root`."""
    root.mkdir(parents=True)
    subprocess.run(["tar", "-C", str(root), "-xf", str(archive(suite))], check=True, timeout=300)
