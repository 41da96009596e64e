"""The application on a storage of each kind, and on as many databases as a test wants."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.database.model import db
from app.wiring import EXTENSION
from dev.parts.postgres import Postgres
from tests.configuration import configuration
from tests.databases import execute, migrated
from tests.integration.objects.sides import Side, side_of

MakeApp = Callable[..., Flask]
Sections = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def database(postgres_server: Postgres, database_template: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database."""
    with migrated(postgres_server, request.module.__name__.rpartition(".")[2]) as url:
        yield url


@pytest.fixture(scope="module")
def two_databases(postgres_server: Postgres, database_template: None) -> Iterator[tuple[str, str]]:
    """The URLs of two migrated databases."""
    with migrated(postgres_server, "objects_one") as one, migrated(postgres_server, "objects_two") as two:
        yield one, two


@pytest.fixture
def new_database(two_databases: tuple[str, str]) -> str:
    """The URL of a migrated database with nothing in it."""
    return emptied(two_databases[0])


@pytest.fixture
def other_database(two_databases: tuple[str, str]) -> str:
    """The URL of the database of another service."""
    return emptied(two_databases[1])


def emptied(url: str) -> str:
    """Take all rows out: a hundred times faster than a new database."""
    execute(url, f"TRUNCATE {', '.join(db.metadata.tables)} RESTART IDENTITY")
    return url


@pytest.fixture(params=["minio", "versitygw", "folder"])
def storage_sections(request: pytest.FixtureRequest, tmp_path: Path) -> Sections:
    """The configuration of an empty storage of each kind."""
    if request.param == "folder":
        return {"storage": {"backend": "filesystem", "root": tmp_path / "objects"}}
    server = request.getfixturevalue(f"{request.param}_server")
    keys = {"endpoint": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}
    bucket = f"objects-{uuid.uuid4().hex[:12]}"
    return {"storage": {"backend": "minio"}, "minio": {**keys, "bucket": bucket, "region": server.region}}


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    """Makes applications, and closes what they hold."""
    made: list[Flask] = []

    def make(database: str, **sections: dict[str, Any]) -> Flask:
        made.append(create_app(configuration(database={"url": database}, **sections)))
        return made[-1]

    yield make
    for app in made:
        app.extensions[EXTENSION].storage.close()
        with app.app_context():
            app.extensions["migrate"].db.engine.dispose()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two comparisons."""
    monkeypatch.setattr("app.objects.identity.RECHECK", 0.0)


@pytest.fixture
def ours(make_app: MakeApp, new_database: str, storage_sections: Sections) -> Side:
    """A new service on a new storage."""
    return side_of(make_app(new_database, **storage_sections))


@pytest.fixture
def at_home(make_app: MakeApp, other_database: str, tmp_path: Path) -> Side:
    """Another service, on a folder of its own."""
    return side_of(make_app(other_database, storage={"backend": "filesystem", "root": tmp_path / "another's"}))


@pytest.fixture
def other(make_app: MakeApp, other_database: str, at_home: Side, ours: Side, storage_sections: Sections) -> Side:
    """The other service, which has a package, by mistake on the storage of `ours`, which has one too."""
    ours.publish()
    at_home.publish()
    return side_of(make_app(other_database, **storage_sections))
