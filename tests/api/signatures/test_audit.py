"""`flask --app wsgi signatures verify`."""

import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.packages.publishing import published
from tests.api.signatures.signing import OTHER_KEY, policy, raw, seen, sign


@pytest.fixture
def package(admin: FlaskClient) -> dict[str, Any]:
    """A package with a signature that a policy accepts, and one that it does not."""
    policy(admin)
    package = published(admin)
    for key in (None, OTHER_KEY):
        sign(admin, package, raw(key=key) if key else raw())
    return package


def verify(app: Flask) -> Result:
    """Run the command."""
    return app.test_cli_runner().invoke(args=["signatures", "verify"])


def events(result: Result) -> list[str]:
    """What it has told."""
    return [json.loads(line)["event"] for line in result.stdout.splitlines()]


def test_nothing_differs(app: Flask, package: dict[str, Any]) -> None:
    """Exit 0 and one line."""
    result = verify(app)
    assert (result.exit_code, events(result)) == (0, ["finished"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE packages SET blocked = true", ["another trust"]),
        ("UPDATE signature_verdicts SET signers = '{ours}'", ["another verdict"]),
        ("UPDATE signature_verdicts SET signers = '{}'", ["another verdict", "another trust"]),
        ("UPDATE signatures SET content = 'x' WHERE id = 1", ["other bytes", "another verdict", "another trust"]),
    ],
)
def test_a_writer_of_the_database(
    app: Flask, parts: Services, package: dict[str, Any], change: str, told: list[str]
) -> None:
    """What somebody has written past the service is named, exit 1, and put right."""
    with parts.database.writing() as connection:
        connection.execute(text(change))
    if "{}" in change:
        with parts.database.writing() as connection:
            connection.execute(text("UPDATE packages SET trust = 'untrusted', blocked = true"))
    result = verify(app)
    assert (result.exit_code, events(result)) == (1, [*told, "finished"])
    assert verify(app).exit_code == (1 if "content" in change else 0)


def test_it_lifts_no_block_by_itself(app: Flask, admin: FlaskClient, parts: Services, package: dict[str, Any]) -> None:
    """A package that somebody has freed is blocked again."""
    policy(admin, signers=[])
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE packages SET trust = 'trusted', blocked = false"))
    assert verify(app).exit_code == 1
    assert seen(admin, package) == ("untrusted", True)
