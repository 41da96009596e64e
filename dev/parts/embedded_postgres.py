"""The PostgreSQL that start-dev.sh runs: on 127.0.0.1, with a password, its data kept from start to start."""

import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from dev.checkout import STATE
from dev.parts import interrupts, postgres, postgres_account, processes
from dev.parts.files import last_lines
from dev.parts.running_parts import Starter

USER = "opamp"
LOG = STATE / "postgres.log"
OUTSIDE_NOTE = STATE / "postgres-folder"
"""Names the folder that holds the data where that is not STATE."""


@dataclass(frozen=True)
class Database:
    """Where the service finds it."""

    port: int
    password: str
    dbname: str
    folder: Path


def start(starter: Starter, password: str, *, port: int, dbname: str, connections: int) -> Database:
    """Run the server on `port`, with its data made at the first start, and `dbname` in it."""
    bin_dir = postgres.embedded_binaries()
    folder = home() / "postgres"
    refuse_other_version(folder, bin_dir)
    if not (folder / "PG_VERSION").exists():
        make(folder, bin_dir, password)
    settings = {
        "listen_addresses": processes.HOST,
        "unix_socket_directories": "",
        "max_connections": str(connections),
    }
    command = postgres.server_command(folder, bin_dir, port, settings)
    part = starter.launch("PostgreSQL", command, log=LOG, sign=signal.SIGINT)
    database = Database(port, password, dbname, folder)

    def accepts() -> bool:
        if not part.is_running():
            raise processes.Failed(f"PostgreSQL ended at once. The end of {LOG}:\n{last_lines(LOG)}")
        return can_log_in(database)

    processes.wait_until(accepts, f"PostgreSQL (see {LOG})")
    make_database(database)
    return database


def home() -> Path:
    """The folder that holds the data: STATE, or where root's checkout is closed to the account, one outside it."""
    if OUTSIDE_NOTE.exists():
        return Path(OUTSIDE_NOTE.read_text().strip())
    if postgres_account.can_use(STATE):
        return STATE
    with interrupts.shielded():
        postgres_account.make_outside()
        outside = Path(tempfile.mkdtemp(prefix="data-", dir=postgres_account.OUTSIDE))
        outside.chmod(0o711)
        OUTSIDE_NOTE.write_text(f"{outside}\n")
    return outside


def refuse_other_version(folder: Path, bin_dir: Path) -> None:
    """Raise Failed if another major version of PostgreSQL made the data."""
    made_by = folder / "PG_VERSION"
    if not made_by.exists():
        return
    version = processes.check([bin_dir / "postgres", "--version"], "Asking PostgreSQL for its version").split()[2]
    if made_by.read_text().strip() != version.partition(".")[0]:
        raise processes.Failed(
            f"The database in {folder} was made by PostgreSQL {made_by.read_text().strip()}, and this is {version}. "
            "Move that folder away to begin with an empty database, or dump it with the older version first."
        )


def make(folder: Path, bin_dir: Path, password: str) -> None:
    """Make the cluster beside its place and move it there when it is complete."""
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=folder.parent) as file:
        file.write(password)
        file.flush()
        postgres_account.hand_over(Path(file.name))
        postgres.initialise(draft, bin_dir, "-U", USER, "-A", "scram-sha-256", f"--pwfile={file.name}")
    draft.rename(folder)


def can_log_in(database: Database) -> bool:
    """Whether the server takes our password. Raises Failed if it says that it is wrong."""
    try:
        connect(database, "postgres").close()
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            raise processes.Failed(
                f"The database in {database.folder} was made with another password than {STATE}/secrets.json has. "
                "Put that file back, or move both away to begin with an empty database."
            ) from error
        return False
    return True


def connect(database: Database, dbname: str) -> psycopg2.extensions.connection:
    """A connection as USER."""
    return psycopg2.connect(
        host=processes.HOST,
        port=database.port,
        user=USER,
        password=database.password,
        dbname=dbname,
        connect_timeout=2,
    )


def make_database(database: Database) -> None:
    """Create the database if it is not there."""
    connection = connect(database, "postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.dbname])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.dbname)))
    connection.close()
