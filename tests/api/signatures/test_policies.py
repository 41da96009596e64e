"""Policies: what they may say, who may say it, and their conditions."""

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient

from tests.api.conftest import problem_of
from tests.api.packages.publishing import published
from tests.api.signatures.signing import by_key, pem, policy, put_policy
from tests.trust.sigstore import ISSUER, SUBJECT, Sigstore

SIGSTORE = Sigstore()
KEYLESS = {"name": "ci", "kind": "sigstore", "issuer": ISSUER, "subject": SUBJECT.replace("1.2.3", "{version}")}


def test_put_get_delete(admin: FlaskClient, publisher: FlaskClient) -> None:
    """201, 200, then 204; it is listed by name, with its counts."""
    created = put_policy(admin, "b", mode="warn")
    assert (created.status_code, created.get_json()["counts"]) == (201, {"trusted": 0, "untrusted": 0, "pending": 0})
    assert put_policy(admin, "a").status_code == 201
    assert put_policy(admin, "b", mode="off").status_code == 200
    assert [each["name"] for each in publisher.get("/api/v1/policies").get_json()] == ["a", "b"]
    assert publisher.get("/api/v1/policies/b").get_json()["mode"] == "off"
    assert admin.delete("/api/v1/policies/b").status_code == 204
    assert publisher.get("/api/v1/policies/b").status_code == 404
    assert admin.delete("/api/v1/policies/b").status_code == 404


def test_roles(publisher: FlaskClient, agent: FlaskClient) -> None:
    """Publishers read policies, and change none; agents do not see them."""
    assert put_policy(publisher).status_code == 403
    assert agent.get("/api/v1/policies").status_code == 403
    assert publisher.get("/api/v1/policies/none").status_code == 404
    assert publisher.delete("/api/v1/policies/none").status_code == 403


def test_conditions(admin: FlaskClient) -> None:
    """If-Match and If-None-Match hold changes off; the ETag is not that of the counts."""
    tag = put_policy(admin).headers["ETag"]
    published(admin)
    assert admin.get("/api/v1/policies/release").headers["ETag"] == tag
    assert put_policy(admin, headers={"If-None-Match": "*"}).status_code == 412
    changed = put_policy(admin, headers={"If-Match": tag}, mode="warn")
    assert changed.status_code == 200
    assert put_policy(admin, headers={"If-Match": tag}).status_code == 412
    assert admin.delete("/api/v1/policies/release", headers={"If-Match": tag}).status_code == 412
    assert admin.delete("/api/v1/policies/release", headers={"If-Match": changed.headers["ETag"]}).status_code == 204


def keyless(**fields: Any) -> dict[str, Any]:
    """The workflow's signer."""
    return {**KEYLESS, "root": SIGSTORE.root(), **fields}


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
BROKEN_ROOT = {**copy.deepcopy(SIGSTORE.root()), "certificateAuthorities": []}


@pytest.mark.parametrize(
    ("place", "signer"),
    [
        ("key", {**by_key(), "key": "-----BEGIN PUBLIC KEY-----"}),
        ("key", by_key(key=WEAK)),
        ("key", by_key(key=ec.generate_private_key(ec.SECP521R1()))),
        ("key", {"name": "x", "kind": "key"}),
        ("subject", {**KEYLESS, "subject": "*"}),
        ("subject", {**KEYLESS, "subject": "**"}),
        ("subject", {**KEYLESS, "subject": "v{commit}"}),
        ("subject", {**KEYLESS, "subject": "v{version"}),
        ("claims.source_repository_uri.value", {**KEYLESS, "claims": {"source_repository_uri": "*"}}),
        ("claims.source_repository_uri.value", {**KEYLESS, "claims": {"source_repository_uri": "x/{foo}"}}),
        ("predicate_type", by_key(predicate_type="https://slsa.dev/{foo}/v1")),
        ("predicate_type", by_key(predicate_type="https://slsa.dev/v{version}")),
        ("claims.nothing.key", {**KEYLESS, "claims": {"nothing": "x"}}),
        ("root", {**KEYLESS, "root": "private"}),
        ("root", {**KEYLESS, "root": {}}),
        ("root", {**KEYLESS, "root": BROKEN_ROOT}),
        ("root", {**KEYLESS, "root": {**SIGSTORE.root(), "x": "\u0000"}}),
        ("kind", {"name": "x", "kind": "pgp"}),
        ("issuer", by_key(issuer=ISSUER)),
        ("until", by_key(until="yesterday")),
        ("until", by_key(until="2026-01-01T00:00:00")),
        ("until", by_key(until="0001-01-01T00:00:00+02:00")),
        ("until", by_key(until="9999-12-31T23:59:59-02:00")),
        ("colour", by_key(colour="red")),
        ("name", {**by_key(), "name": "a b"}),
    ],
)
def test_signers_that_are_refused(admin: FlaskClient, place: str, signer: dict[str, Any]) -> None:
    """422, naming the member."""
    assert f"signers.0.{place}" in problem_of(put_policy(admin, signers=[signer]))["errors"]


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "on"},
        {"packages": []},
        {"packages": ["a"] * 51},
        {"packages": [""]},
        {"packages": ["{foo}-agent"]},
        {"packages": ["agent-{"]},
        {"signers": [by_key()] * 2},
        {"signers": [by_key(str(number)) for number in range(21)]},
        {"colour": "red"},
    ],
)
def test_policies_that_are_refused(admin: FlaskClient, fields: dict[str, Any]) -> None:
    """422, and nothing is stored."""
    problem_of(put_policy(admin, **fields))
    assert put_policy(admin, "a b").status_code == 422
    assert admin.get("/api/v1/policies").get_json() == []


def test_a_key_in_pem_is_kept(admin: FlaskClient) -> None:
    """What was put comes back."""
    signers = [by_key(until="2030-01-01T00:00:00.000000Z"), keyless(claims={"build_trigger": "push"})]
    assert policy(admin, signers=signers)["signers"] == signers
    assert pem() in admin.get("/api/v1/policies/release").get_json()["signers"][0]["key"]
