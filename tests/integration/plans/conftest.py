"""A table that is large enough for a bad plan to show, on a PostgreSQL with pg_trgm."""

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest

from app.database.engine import SERVICE_SETTINGS
from bench.rows import fill
from dev.parts.postgres import Postgres
from tests.databases import connected, migrated
from tests.integration.plans.plan import OWNER, Explain, explained

ROWS = 100_000

ADD_OWNER = """
INSERT INTO users (id, username, password_hash, role, token_series) VALUES (%s, 'reader', '', 'agent', repeat('0', 32))
"""


@pytest.fixture(scope="session")
def large_database(postgres_server: Postgres, database_template: None) -> Iterator[str]:
    """The URL of a database with ROWS packages."""
    with migrated(postgres_server, "plans_tests") as url:
        with contextlib.closing(connected(url)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')")
                if cursor.fetchone() != (True,):
                    pytest.skip("this PostgreSQL has no pg_trgm: install Debian's postgresql")
            fill(connection, ROWS)
            with connection, connection.cursor() as cursor:
                cursor.execute(ADD_OWNER, [OWNER])
        yield url


@pytest.fixture(scope="session")
def service_session(large_database: str) -> Iterator[psycopg2.extensions.connection]:
    """A session with the service's settings."""
    options = " ".join(f"-c {name}={value}" for name, value in SERVICE_SETTINGS.items())
    with contextlib.closing(connected(large_database, options=options)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture(scope="session")
def explain(service_session: psycopg2.extensions.connection) -> Explain:
    """Runs queries in that session, and tells how."""
    return explained(service_session)
