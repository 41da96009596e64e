"""Databases with the newest schema, each made from one migrated template."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.extensions
from flask_migrate import upgrade

from app import create_app
from dev.parts.postgres import Postgres
from tests.configuration import configuration

TEMPLATE = "opamp_template"
FLEET = "packages, objects, channels, policies, agents, offer_versions, rollouts"
"""Tables of packages and agents; others refer to them."""


LIMIT = "5min"
"""For one statement: what waits for a lock that a test has left behind ends with an error that names it."""


def connected(url: str, options: str = "") -> psycopg2.extensions.connection:
    """A connection on which nothing waits for ever; `options` as libpq takes them."""
    return psycopg2.connect(url, connect_timeout=10, options=f"-c statement_timeout={LIMIT} {options}")


def execute(url: str, *statements: str) -> None:
    """Run statements outside of a transaction."""
    with contextlib.closing(connected(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def found(url: str, query: str) -> list[Any]:
    """The rows that a query finds."""
    with contextlib.closing(connected(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def empty(url: str) -> None:
    """Remove all packages and agents; again, where PostgreSQL ends it for a deadlock with a duty of the service's."""
    for is_last in (False, False, True):
        try:
            execute(url, f"TRUNCATE {FLEET} CASCADE")
        except psycopg2.errors.DeadlockDetected:
            if is_last:
                raise
        else:
            return


def make_template(server: Postgres) -> None:
    """Migrate an empty database to the newest revision, once for all tests."""
    execute(server.url(), f"CREATE DATABASE {TEMPLATE}")
    app = create_app(configuration(database={"url": server.url(TEMPLATE)}))
    with app.app_context():
        upgrade()
        app.extensions["migrate"].db.engine.dispose()


@contextlib.contextmanager
def migrated(server: Postgres, name: str) -> Iterator[str]:
    """A database of this name with the newest schema; yields its URL, drops it at the end."""
    execute(server.url(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield server.url(name)
    finally:
        execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")
