"""A PgBouncer for tests, from Debian's package: a connection pooler between the service and PostgreSQL."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from dev.parts import postgres_account, processes
from dev.parts.postgres import Postgres, refusal

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

CONFIGURATION = """[databases]
* = host=127.0.0.1 port={upstream}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
{more}
"""


def installed() -> bool:
    """Whether there is one."""
    return Path(PROGRAM).exists()


@contextlib.contextmanager
def running(folder: Path, server: Postgres, *, mode: str = "transaction", more: str = "") -> Iterator[str]:
    """Run one before `server`, with its files in `folder` and the lines `more`; yields host:port."""
    folder.mkdir(mode=0o755)
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{server.superuser}" ""\n')
    port = processes.free_port()
    settings.write_text(CONFIGURATION.format(upstream=server.port, port=port, users=users, mode=mode, more=more))
    postgres_account.hand_over(folder)
    log = folder / "pgbouncer.log"
    log.touch()
    command = [*postgres_account.prefix(), PROGRAM, str(settings)]
    with processes.running(command, log=log):
        address = f"127.0.0.1:{port}"
        url = f"postgresql://{server.superuser}@{address}/postgres"
        processes.wait_until(lambda: not refusal(url), f"PgBouncer (see {log})")
        yield address
