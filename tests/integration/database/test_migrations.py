"""The migrated schema is the models' schema, whichever way it was reached."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect, text

from app import create_app
from dev.parts import processes
from dev.parts.postgres import Postgres
from tests.configuration import configuration, environment
from tests.databases import connected, execute

PROJECT = Path(__file__).parents[3]

END_BUILD = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = 'migrations' AND query LIKE '%CREATE INDEX CONCURRENTLY%'
"""


@pytest.fixture
def empty_app(postgres_server: Postgres) -> Iterator[Flask]:
    """The application on an empty database."""
    execute(postgres_server.url(), "CREATE DATABASE migrations")
    app = create_app(configuration(database={"url": postgres_server.url("migrations")}))
    with app.app_context():
        yield app
        app.extensions["migrate"].db.engine.dispose()
    execute(postgres_server.url(), "DROP DATABASE migrations WITH (FORCE)")


def tables(app: Flask) -> set[str]:
    """The tables that the database has."""
    return set(inspect(app.extensions["migrate"].db.engine).get_table_names())


def start_upgrade(server: Postgres) -> subprocess.Popen[bytes]:
    """`flask db upgrade` of that database."""
    environ = environment(database={"url": server.url("migrations")})
    environ["OPAMP_PACKAGES_CONFIG"] = str(PROJECT / "tests" / "empty.yaml")
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    return subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def invalid_indexes(app: Flask) -> list[str]:
    """Those that a build has left unusable."""
    query = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
    with app.extensions["migrate"].db.engine.connect() as connection:
        return list(connection.scalars(query))


def test_the_migrated_schema_is_the_models_schema(empty_app: Flask) -> None:
    """Alembic finds nothing to add, drop or change; it exits otherwise."""
    upgrade()
    check()
    assert set(empty_app.extensions["migrate"].db.metadata.tables) <= tables(empty_app)


def test_a_downgrade_leaves_nothing_and_an_upgrade_brings_all_back(empty_app: Flask) -> None:
    """Every revision can be undone."""
    upgrade()
    before = tables(empty_app)
    downgrade(revision="base")
    assert tables(empty_app) == {"alembic_version"}
    upgrade()
    assert tables(empty_app) == before


def test_two_migrations_at_once_take_turns(empty_app: Flask, postgres_server: Postgres) -> None:
    """Replicas that start together all succeed."""
    runs = [start_upgrade(postgres_server) for _ in range(4)]
    printed = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, printed
    check()


def test_an_index_whose_build_broke_off_is_built_anew(empty_app: Flask, postgres_server: Postgres) -> None:
    """PostgreSQL leaves it INVALID, where it costs and does not serve; the next upgrade replaces it."""
    upgrade(revision="0003")
    url = postgres_server.url("migrations")
    with contextlib.closing(connected(url)) as reader, reader.cursor() as cursor:
        # What a build waits for.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM packages")
        with processes.ended_at_last(start_upgrade(postgres_server)) as broken_off:
            processes.wait_until(lambda: bool(invalid_indexes(empty_app)), "The build of an index")
            execute(postgres_server.url(), END_BUILD)
            broken_off.communicate(timeout=60)
    assert invalid_indexes(empty_app) == ["ix_packages_platform_arch_created_at"]
    upgrade()
    assert invalid_indexes(empty_app) == []
    check()


def test_a_newer_schema_is_left_as_it_is(empty_app: Flask, postgres_server: Postgres) -> None:
    """An older version's upgrade, after a roll-back of the service, warns and succeeds."""
    upgrade()
    execute(postgres_server.url("migrations"), "UPDATE alembic_version SET version_num = 'of_the_future'")
    run = start_upgrade(postgres_server)
    printed = run.communicate(timeout=60)[0].decode()
    assert run.returncode == 0
    assert printed.startswith("Warning: a newer version")
    assert len(printed.splitlines()) == 1


def test_an_upgrade_that_cannot_connect(postgres_server: Postgres) -> None:
    """One line that says why, and no traceback."""
    run = start_upgrade(postgres_server)
    (line,) = run.communicate(timeout=60)[0].decode().splitlines()
    assert run.returncode == 1
    assert line.startswith("Error: PostgreSQL has no database of the name")
    assert '"migrations" does not exist' in line
