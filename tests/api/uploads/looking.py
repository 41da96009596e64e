"""What uploads in pieces have left, for tests."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.uploads.sending import sha256

PART = 8 << 20


def packages(client: FlaskClient) -> list[Any]:
    """What is published."""
    listed: list[Any] = client.get("/api/v1/packages").get_json()
    return listed


def downloaded(client: FlaskClient) -> str:
    """The SHA-256 of the only package's bytes."""
    [package] = packages(client)
    content = client.get(f"/api/v1/packages/{package['id']}/download").data
    assert sha256(content) == package["checksum"]
    return sha256(content)


def kept(parts: Services) -> int:
    """Objects that the ledger says are there."""
    with parts.database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM objects WHERE state <> 'deleted'")).scalar_one())
