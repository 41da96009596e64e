"""Migrations beside traffic and a pg_dump that is held open: how long anybody has to wait.

The traffic is what a service of any version asks of PostgreSQL, since one of today need not work on an old schema.
"""

import contextlib
import functools
import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg2
import psycopg2.extensions
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.database.engine import SERVICE_SETTINGS
from bench.rows import fill
from dev.parts import postgres, processes
from dev.parts.postgres import Postgres
from tests import threads
from tests.configuration import configuration
from tests.databases import connected, execute

LIMIT = 2.0
"""Seconds that nobody may wait longer for."""

OLDEST = "0001"
NAME = "upgraded_beside_traffic"

LIST = "SELECT * FROM packages ORDER BY created_at DESC, id DESC LIMIT 100"
DETAIL = "SELECT * FROM packages WHERE id = 1"
BEGIN_UPLOAD = "INSERT INTO objects (key, state) VALUES (%(key)s, 'writing')"
PUBLISH = """
INSERT INTO packages (name, version, version_key, is_prerelease, platform, arch, file_name, file_size, checksum,
                      content_type, object_key, fingerprint, created_by)
VALUES (%(key)s, '1.0.0', '111010~', false, 'linux', 'amd64', 'agent.bin', 1, repeat('0', 64),
        'application/octet-stream', %(key)s, 'etag', 'tests')
"""
END_UPLOAD = "UPDATE objects SET state = 'live' WHERE key = %(key)s"


@dataclass
class Traffic:
    """What clients saw: seconds that the slowest took of each kind of request, and the errors."""

    longest: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    slowest_at: str = ""
    step: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float, error: psycopg2.Error | None) -> None:
        """Count one request."""
        with self._lock:
            self.requests += 1
            if seconds > max(self.longest.values(), default=0):
                self.slowest_at = self.step
            self.longest[kind] = max(self.longest.get(kind, 0), seconds)
            if error is not None:
                self.failed[f"{kind} {error.pgcode} at {self.step}"] += 1


@dataclass(frozen=True)
class Migrated:
    """All revisions, up and down, with the traffic beside them; `held_up` are the steps that waited for a dump."""

    traffic: Traffic
    held_up: list[str]
    seconds: float

    @property
    def longest(self) -> float:
        """Seconds that the slowest request took."""
        return max(self.traffic.longest.values())


def migrate_beside_traffic(server: Postgres, *, rows: int, hold: float) -> Migrated:
    """From the oldest schema to the newest and back, a revision at a time, on a database with `rows` packages.

    Each step has a pg_dump beside it that ends when the step does, or after `hold` seconds.
    """
    execute(server.url(), f"CREATE DATABASE {NAME}")
    app = create_app(configuration(database={"url": server.url(NAME)}))
    try:
        with app.app_context():
            upgrade(revision=OLDEST)
            with contextlib.closing(connected(server.url(NAME))) as connection:
                fill(connection, rows)
            return _there_and_back(app, server.url(NAME), hold)
    finally:
        with app.app_context():
            app.extensions["migrate"].db.engine.dispose()
        execute(server.url(), f"DROP DATABASE {NAME} WITH (FORCE)")


def _there_and_back(app: Flask, url: str, hold: float) -> Migrated:
    scripts = ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config())
    later = len(list(scripts.iterate_revisions("head", OLDEST)))
    started = time.monotonic()
    with asking(url) as traffic:
        waited = [_step(url, traffic, hold, f"up {number + 1}") for number in range(later)]
        waited += [_step(url, traffic, hold, f"down {number + 1}") for number in range(later)]
    return Migrated(traffic, [step for step in waited if step], time.monotonic() - started)


def _step(url: str, traffic: Traffic, hold: float, name: str) -> str:
    """Take one step; its name if it waited until the dump's end."""
    traffic.step = name
    with dumping(url, hold) as dump:
        if name.startswith("up"):
            upgrade(revision="+1")
        else:
            downgrade(revision="-1")
        return name if dump.poll() is not None else ""


@contextlib.contextmanager
def dumping(url: str, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A pg_dump that has all its locks and whose output nobody takes for so long, or until the block's end."""
    command = [postgres.binaries() / "pg_dump", url]
    with processes.ended_at_last(subprocess.Popen(command, stdout=subprocess.PIPE)) as dump:
        timer = threading.Timer(seconds, _take_output, [dump])
        try:
            processes.wait_until(lambda: has_locks(url), "pg_dump")
            timer.start()
            yield dump
        finally:
            timer.cancel()
            dump.kill()
            if timer.is_alive():
                threads.join([timer])


def _take_output(dump: subprocess.Popen[bytes]) -> None:
    """Let it go on to its end."""
    while dump.stdout and dump.stdout.read(1 << 20):
        pass
    dump.wait(processes.GONE)


def has_locks(url: str) -> bool:
    """Whether a pg_dump reads the packages."""
    with contextlib.closing(connected(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg_dump' "
            "AND query LIKE 'COPY%'"
        )
        return cursor.fetchone() is not None


@contextlib.contextmanager
def asking(url: str) -> Iterator[Traffic]:
    """Lists, details and uploads, each again and again, until the end of the block."""
    traffic = Traffic()
    stop = threading.Event()
    clients = [functools.partial(_ask, url, kind, traffic, stop) for kind in ("list", "detail", "upload")]
    with threads.running(*clients, stop=stop):
        yield traffic


def _ask(url: str, kind: str, traffic: Traffic, stop: threading.Event) -> None:
    settings = {**SERVICE_SETTINGS, "lock_timeout": "0"}  # how long it takes, not whether it is given up
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    with contextlib.closing(connected(url, options=options)) as connection:
        connection.autocommit = True
        while not stop.wait(0.01):
            started = time.monotonic()
            error = None
            try:
                _request(connection, kind)
            except psycopg2.Error as raised:
                error = raised
            traffic.note(kind, time.monotonic() - started, error)


def _request(connection: psycopg2.extensions.connection, kind: str) -> None:
    with connection.cursor() as cursor:
        if kind != "upload":
            cursor.execute({"list": LIST, "detail": DETAIL}[kind])
            cursor.fetchall()
            return
        key = {"key": secrets.token_hex(16)}
        cursor.execute(BEGIN_UPLOAD, key)
        cursor.execute(f"{PUBLISH}; {END_UPLOAD}", key)
