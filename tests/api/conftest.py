"""The whole application on real PostgreSQL and real MinIO, called without a server in between."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from app import create_app
from app.accounts.roles import Role
from app.database.reads import Reads
from app.wiring import EXTENSION, Services
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.configuration import configuration
from tests.databases import migrated

PASSWORD = "a password of the tests"
BUCKET = "api-tests"

TokenFor = Callable[[str], str]
ClientFor = Callable[[str], FlaskClient]


@pytest.fixture(scope="session")
def api_database(postgres_server: Postgres, database_template: None) -> Iterator[str]:
    """The URL of a migrated database for this folder's tests."""
    with migrated(postgres_server, "api_tests") as url:
        yield url


@pytest.fixture(scope="session")
def session_app(api_database: str, minio_server: S3) -> Iterator[Flask]:
    """The application, made once."""
    keys = {"endpoint": minio_server.endpoint, "bucket": BUCKET}
    credentials = {"access_key": minio_server.access_key, "secret_key": minio_server.secret_key}
    app = create_app(
        configuration(database={"url": api_database}, storage={"backend": "minio"}, minio={**keys, **credentials})
    )
    yield app
    app.extensions[EXTENSION].storage.close()
    with app.app_context():
        app.extensions["migrate"].db.engine.dispose()


@pytest.fixture
def app(session_app: Flask) -> Flask:
    """The application with empty tables."""
    parts: Services = session_app.extensions[EXTENSION]
    with parts.database.writing() as connection:
        tables = ", ".join(session_app.extensions["migrate"].db.metadata.tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    return session_app


@pytest.fixture
def parts(app: Flask) -> Services:
    """The application's wired parts."""
    wired: Services = app.extensions[EXTENSION]
    return wired


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


@pytest.fixture
def token_for(app: Flask, parts: Services) -> TokenFor:
    """Makes a machine token for a role's label, used today already: the first use of a day costs a statement more."""

    def make(label: str) -> str:
        with app.app_context():
            made = parts.accounts.create_token(f"{label} of the tests", Role.labelled(label), created_by="tests")
            parts.accounts.store.note_use(made.row.id)
            return made.token

    return make


@pytest.fixture
def client_for(app: Flask, token_for: TokenFor) -> ClientFor:
    """Makes a client that sends a machine token of a role."""

    def make(label: str) -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token_for(label)}"
        return client

    return make


@pytest.fixture
def admin(client_for: ClientFor) -> FlaskClient:
    """A client with the role admin."""
    return client_for("admin")


@pytest.fixture
def publisher(client_for: ClientFor) -> FlaskClient:
    """A client with the role publisher."""
    return client_for("publisher")


@pytest.fixture
def agent(client_for: ClientFor) -> FlaskClient:
    """A client with the role agent."""
    return client_for("agent")


@pytest.fixture
def statements(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The SQL that runs during the test, through SQLAlchemy and past it."""
    seen: list[str] = []
    fetch = Reads.fetch

    def noted_fetch(reads: Reads, query: str, parameters: dict[str, Any], **options: Any) -> list[Any]:
        seen.append(query)
        return fetch(reads, query, parameters, **options)

    monkeypatch.setattr(Reads, "fetch", noted_fetch)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = app.extensions["migrate"].db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def problem_of(response: Any) -> dict[str, Any]:
    """The problem that a response is; fails if it is none."""
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = response.get_json(force=True)
    assert problem["status"] == response.status_code
    assert problem["type"].startswith("urn:opamp-packages:problem:")
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem
