"""The migrated schema is the models' schema, whichever way it was reached."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from app import create_app
from dev.parts.postgres import Postgres
from tests.configuration import configuration, environment
from tests.databases import execute

PROJECT = Path(__file__).parents[3]


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
    environ = environment(database={"url": postgres_server.url("migrations")})
    environ["OPAMP_PACKAGES_CONFIG"] = str(PROJECT / "tests" / "empty.yaml")
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    runs = [
        subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4)
    ]
    printed = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, printed
    check()
