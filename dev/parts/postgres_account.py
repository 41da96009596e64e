"""PostgreSQL refuses to run as root: the account it runs as then, and places that this account can enter."""

import functools
import os
import pwd
import shutil
from pathlib import Path

from dev.parts import processes

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


def can_run(program: Path) -> bool:
    """Whether the account can run `program`, with its libraries."""
    # The shell execs it: setpriv itself could still open what is closed to the account.
    command = [*prefix(), "sh", "-c", 'exec "$1" --version', "sh", str(program)]
    return processes.complete(command, cwd=Path("/")).returncode == 0


def make_outside() -> None:
    """Make OUTSIDE, open to the account whatever the umask is."""
    OUTSIDE.mkdir(parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)


def copied(folders: list[Path], name: str) -> Path:
    """A copy of `folders` in OUTSIDE / `name`, made once, that the account can read."""
    copy = OUTSIDE / name
    if not copy.exists():
        make_outside()
        draft = OUTSIDE / f"{name}.{os.getpid()}"
        for folder in folders:
            shutil.copytree(folder, draft / folder.name, symlinks=True)
        processes.check(["chmod", "-R", "a+rX", draft], "Copying PostgreSQL")
        draft.rename(copy)
    return copy
