"""A command that waits for PostgreSQL can be interrupted."""

import contextlib
import os
import signal
import subprocess

from app.objects.reconcile import RECONCILE_LOCK
from dev.checkout import PROJECT
from dev.parts import processes
from dev.parts.postgres import Postgres
from tests.configuration import environment
from tests.databases import connected, migrated
from tests.faults.service import FLASK

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_interrupted(postgres_server: Postgres, database_template: None) -> None:
    """Ctrl-C ends it while it waits for its turn; blocking libpq would wait on."""
    with migrated(postgres_server, "interrupted") as url, contextlib.closing(connected(url)) as other:
        other.autocommit = True
        cursor = other.cursor()
        cursor.execute("SELECT pg_advisory_lock(%s)", [RECONCILE_LOCK])
        environ = environment(database={"url": url})
        environ["OPAMP_PACKAGES_CONFIG"] = str(PROJECT / "tests" / "empty.yaml")
        command = [*FLASK, "storage", "reconcile"]
        started = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **environ}, stderr=subprocess.PIPE)
        with processes.ended_at_last(started) as run:

            def waits() -> bool:
                cursor.execute(WAITING)
                return cursor.fetchone() != (0,)

            processes.wait_until(waits, "The command")
            run.send_signal(signal.SIGINT)
            assert run.wait(5) == 1
