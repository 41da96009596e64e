"""PostgreSQL refuses to run as root: the account it runs as then, and places that this account can enter."""

import functools
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from dev import processes

ACCOUNT = "postgres"
OUTSIDE = Path("/var/lib/opamp-packages-dev")
"""Where root's PostgreSQL lives when the checkout is closed to the account."""


def prefix() -> list[str]:
    """What to put before a command of PostgreSQL's: nothing, or for root a change to ACCOUNT."""
    if os.geteuid() != 0:
        return []
    ensure_account()
    return ["setpriv", "--reuid", ACCOUNT, "--regid", str(pwd.getpwnam(ACCOUNT).pw_gid), "--clear-groups", "--"]


@functools.cache
def ensure_account() -> None:
    """Make ACCOUNT if there is none; a system account that nobody can log in to."""
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        processes.check(["useradd", "--system", "--no-create-home", ACCOUNT], "Making the account postgres")


def can_use(path: Path) -> bool:
    """Whether the account can enter the folder `path`."""
    if os.geteuid() != 0:
        return True
    return processes.complete([*prefix(), "test", "-x", path], cwd=Path("/")).returncode == 0


def hand_over(folder: Path) -> None:
    """Make `folder` the account's."""
    if os.geteuid() == 0:
        ensure_account()
        shutil.chown(folder, ACCOUNT)


def runnable(bin_dir: Path) -> Path:
    """`bin_dir`, or a copy of its PostgreSQL in OUTSIDE if the account cannot run it where it is."""
    if not prefix() or runs(bin_dir):
        return bin_dir
    version = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True)
    copy = OUTSIDE / version.stdout.strip().replace(" ", "-")
    if not runs(copy / "bin"):
        draft = Path(f"{copy}.{os.getpid()}")
        shutil.copytree(bin_dir.parent, draft, symlinks=True)
        processes.check(["chmod", "-R", "a+rX", draft], "Copying PostgreSQL")
        OUTSIDE.chmod(0o755)
        shutil.rmtree(copy, ignore_errors=True)
        draft.rename(copy)
    return copy / "bin"


def runs(bin_dir: Path) -> bool:
    """Whether the account can run what is in `bin_dir`."""
    command = [*prefix(), str(bin_dir / "postgres"), "--version"]
    return processes.complete(command, cwd=Path("/")).returncode == 0
