"""`flask --app wsgi signatures verify`."""

import json
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.packages.publishing import published
from tests.api.signatures.signing import OTHER_KEY, bundle, by_key, policy, raw, seen, sign
from tests.trust.packages import keyless
from tests.trust.sigstore import Sigstore


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
        ("UPDATE signature_verdicts SET revision = 2, signers = '{ours}'", ["another verdict"] * 2),
        ("UPDATE policies SET name_patterns = '{other}'", ["other name patterns"]),
        ("UPDATE signatures SET format = 'pgp' WHERE id = 1", ["other columns"]),
        ("UPDATE signatures SET issuer = 'somebody', subject = 'else'", ["other columns"] * 2),
        ("UPDATE signatures SET key_id = 'x', predicate_type = 'y' WHERE id = 2", ["other columns"]),
        ("UPDATE signatures SET signed_at = now() WHERE id = 1", ["other columns"]),
        ("UPDATE signatures SET content = 'x' WHERE id = 1", ["other bytes", "another verdict", "another trust"]),
    ],
)
def test_a_writer_of_the_database(
    app: Flask, parts: Services, package: dict[str, Any], change: str, told: list[str]
) -> None:
    """What somebody has written past the service is named, exit 1, and put right."""
    with parts.database.writing() as connection:
        connection.execute(text(change))
    if "= '{}'" in change:
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


def test_a_verdict_that_waits_for_its_policy(
    app: Flask, admin: FlaskClient, parts: Services, package: dict[str, Any]
) -> None:
    """One that was written for a policy of other packages does not count when the policy's globs reach its package."""
    policy(admin, "later", packages=["other"], signers=[by_key("theirs", ec.generate_private_key(ec.SECP256R1()))])
    with parts.database.writing() as connection:
        connection.execute(
            text("INSERT INTO signature_verdicts SELECT 1, id, 1, '{theirs}' FROM policies WHERE id > 1")
        )
    assert events(verify(app)) == ["another verdict", "finished"]
    theirs = admin.get("/api/v1/policies/later").get_json()["signers"]
    policy(admin, "later", packages=["opamp-*"], signers=theirs)
    assert seen(admin, package) == ("untrusted", True)


def test_patterns_that_let_a_package_through(app: Flask, admin: FlaskClient, parts: Services) -> None:
    """A package that was published while a policy did not look at its name is blocked again."""
    policy(admin)
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE policies SET name_patterns = '{other}'"))
    package = published(admin)
    assert seen(admin, package) == ("none", False)
    assert events(verify(app)) == ["other name patterns", "another trust", "finished"]
    assert seen(admin, package) == ("untrusted", True)


@pytest.mark.parametrize("moment", ["NULL", "signed_at + interval '1 minute'"])
def test_a_time_that_no_root_proves(app: Flask, admin: FlaskClient, parts: Services, moment: str) -> None:
    """The time of a bundle is the proven one again; also once no policy has the root that proves it."""
    sigstore = Sigstore()
    package = published(admin)
    sign(admin, package, bundle(sigstore), "")
    policy(admin, signers=[keyless(sigstore)])
    path = f"/api/v1/packages/{package['id']}/signatures"
    (before,) = admin.get(path).get_json()
    with parts.database.writing() as connection:
        connection.execute(text(f"UPDATE signatures SET signed_at = {moment}"))
    result = verify(app)
    assert (events(result), json.loads(result.stdout.splitlines()[0])["columns"]) == (
        ["other columns", "finished"],
        ["signed_at"],
    )
    assert admin.get(path).get_json() == [before]
    admin.delete("/api/v1/policies/release")
    assert verify(app).exit_code == 0
