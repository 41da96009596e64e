"""Databases with the newest schema, each made from one migrated template."""

import contextlib
from collections.abc import Iterator

import psycopg2
from flask_migrate import upgrade

from app import create_app
from dev.parts.postgres import Postgres
from tests.configuration import configuration

TEMPLATE = "opamp_template"


def execute(url: str, *statements: str) -> None:
    """Run statements outside of a transaction."""
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


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
