"""Why the database cannot serve: said in the answer, in /health/ready and once in the log, with the server's words."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from app.database import Database, deadline, failures
from app.database.failures import Failure
from app.errors import DatabaseUnavailable
from dev.parts import postgres
from dev.parts.postgres import Postgres
from tests.certificates import self_signed
from tests.databases import execute, migrated
from tests.integration.database.conftest import Opened

ENTRIES = "host all guest 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n"

SECRET = "a-password-that-no-log-may-show"


@pytest.fixture(scope="module")
def guarded_server(services_folder: Path) -> Iterator[Postgres]:
    """A server with TLS that asks the role `guest` for its password, and lets `stranger` in from nowhere."""
    folder = services_folder / "guarded"
    postgres.initialise(folder, postgres.binaries(), "-U", "postgres", "-A", "trust", "--no-sync")
    (folder / "pg_hba.conf").write_text(ENTRIES)
    for file in self_signed(folder):
        file.chmod(0o600)
        shutil.chown(file, folder.owner(), folder.group())
    settings = {"fsync": "off", "ssl": "on", "ssl_cert_file": "cert.pem", "ssl_key_file": "key.pem"}
    with postgres.running(folder, settings=settings) as server:
        execute(
            server.url(),
            "CREATE ROLE guest LOGIN PASSWORD 'right'",
            "CREATE ROLE stranger LOGIN",
            "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
            "CREATE TABLE packages ()",
            "CREATE TABLE alembic_version (version_num text)",
        )
        yield server


def refusal(database: Database) -> DatabaseUnavailable:
    """What a request is told."""
    with deadline.budget(deadline.REQUEST_BUDGET), pytest.raises(DatabaseUnavailable) as refused:
        database.ping()
    return refused.value


def url(server: Postgres, user: str = "postgres", password: str = "", dbname: str = "postgres", more: str = "") -> str:
    """A database of the server's."""
    return f"postgresql://{user}:{password}@127.0.0.1:{server.port}/{dbname}{more}"


@pytest.mark.parametrize(
    "case",
    [
        ({"user": "guest", "password": SECRET}, failures.WRONG_USER, "password authentication failed"),
        ({"user": "stranger"}, failures.NO_ENTRY, "no pg_hba.conf entry"),
        ({"dbname": "absent"}, failures.NO_DATABASE, '"absent" does not exist'),
        ({"dbname": "latin"}, failures.ENCODING, "UTF8"),
        ({"more": "?sslmode=verify-ca&sslrootcert=/absent"}, failures.NO_TLS, "/absent"),
        ({"more": f"?sslmode=verify-ca&sslrootcert={certifi.where()}"}, failures.NO_TLS, "certificate verify failed"),
        ({"user": "guest", "password": "right"}, failures.NO_RIGHT, "SQLSTATE 42501"),
        ({"dbname": "template1"}, failures.BEHIND, "SQLSTATE 42P01"),
    ],
    ids=lambda case: case[2],
)
def test_reason(
    guarded_server: Postgres,
    opened: Opened,
    caplog: pytest.LogCaptureFixture,
    case: tuple[dict[str, str], Failure, str],
) -> None:
    """Each reason has its sentence; the log has it once with the server's words, and never the password."""
    keys, failure, said = case
    database = opened(url(guarded_server, **keys))
    with caplog.at_level(logging.WARNING):
        told = [refusal(database) for _ in range(3)]
    assert {(each.detail, each.passes) for each in told} == {(failure.sentence, failure.passes)}
    (line,) = (record.getMessage() for record in caplog.records)
    assert said in line
    assert str(guarded_server.port) in line
    assert SECRET not in line


def test_a_name_that_does_not_resolve(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the host."""
    refused = refusal(opened("postgresql://postgres@no-such-host.invalid/postgres"))
    assert refused.detail == failures.NO_NAME.sentence
    assert '"no-such-host.invalid"' in caplog.text


def test_a_server_without_tls(postgres_server: Postgres, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """A server without TLS is told apart from one that is away."""
    refused = refusal(opened(url(postgres_server, more="?sslmode=require")))
    assert refused.detail == failures.NO_TLS.sentence
    assert "does not support SSL" in caplog.text


def test_the_schema_is_older(postgres_server: Postgres, database_template: None, opened: Opened) -> None:
    """Behind the code: not ready, and its part says so. A revision that the code does not know is newer: ready."""
    with migrated(postgres_server, "revisions") as address:
        database = opened(address)
        database.ping()
        execute(address, "UPDATE alembic_version SET version_num = 'of_the_future'")
        database.ping()
        execute(address, "UPDATE alembic_version SET version_num = '0001'")
        refused = refusal(database)
    assert (refused.state, refused.passes) == ("behind", False)


def test_answers_again(guarded_server: Postgres, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """The end of a failure is logged too."""
    database = opened(url(guarded_server, dbname="later"))
    refusal(database)
    execute(guarded_server.url(), "CREATE DATABASE later")
    database.rows("SELECT 1 AS one", {})
    assert caplog.messages[-1] == "database: answers again"
