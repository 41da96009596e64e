"""Policies: what they may say, and what they do."""

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.conftest import problem_of
from tests.api.packages.publishing import post, published
from tests.api.signatures.signing import OTHER_KEY, bundle, by_key, pem, policy, put_policy, raw, seen, sign
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


def test_enforce_blocks_what_is_there(admin: FlaskClient, publisher: FlaskClient) -> None:
    """After the answer what lacks a signature is blocked, and what has one is not; other names are left alone."""
    unsigned, signed = published(publisher), published(publisher, version="2.0.0")
    other = published(publisher, name="plugin")
    sign(publisher, signed, raw())
    counts = policy(admin)["counts"]
    assert counts == {"trusted": 1, "untrusted": 1, "pending": 0}
    assert seen(publisher, unsigned) == ("untrusted", True)
    assert seen(publisher, signed) == ("trusted", False)
    assert seen(publisher, other) == ("none", False)
    policy(admin, mode="warn")
    assert seen(publisher, unsigned) == ("untrusted", False)
    policy(admin, mode="off")
    assert seen(publisher, unsigned) == ("none", False)


def test_the_signature_lifts_the_block(admin: FlaskClient, publisher: FlaskClient) -> None:
    """The commit that adds the missing signature lifts it; the one that removes it blocks again."""
    policy(admin)
    package = published(publisher)
    assert (package["trust"], package["blocked"]) == ("untrusted", True)
    sign(publisher, package, raw(key=OTHER_KEY))
    assert seen(publisher, package) == ("untrusted", True)
    added = sign(publisher, package, raw()).get_json()
    assert added["verified_by"] == ["release/ours"]
    assert seen(publisher, package) == ("trusted", False)
    admin.delete(f"/api/v1/packages/{package['id']}/signatures/{added['digest']}")
    assert seen(publisher, package) == ("untrusted", True)


def test_every_policy_has_to_be_satisfied(admin: FlaskClient, publisher: FlaskClient) -> None:
    """Two policies, two signatures."""
    policy(admin, "a")
    policy(admin, "b", packages=["opamp-agent"], signers=[by_key("theirs", OTHER_KEY)])
    package = published(publisher)
    sign(publisher, package, raw())
    assert seen(publisher, package) == ("untrusted", True)
    sign(publisher, package, raw(key=OTHER_KEY))
    assert seen(publisher, package) == ("trusted", False)
    listed = publisher.get(f"/api/v1/packages/{package['id']}/signatures").get_json()
    assert [each["verified_by"] for each in listed] == [["a/ours"], ["b/theirs"]]


def test_a_signer_taken_out(admin: FlaskClient, publisher: FlaskClient) -> None:
    """A signer that is taken out counts no more; one that is put in counts for what is there."""
    package = published(publisher)
    sign(publisher, package, raw())
    policy(admin)
    policy(admin, signers=[by_key("theirs", OTHER_KEY)])
    assert seen(publisher, package) == ("untrusted", True)
    policy(admin, signers=[by_key("theirs", OTHER_KEY), by_key()])
    assert seen(publisher, package) == ("trusted", False)
    policy(admin, signers=[])
    assert seen(publisher, package) == ("untrusted", True)


def test_globs_that_change(admin: FlaskClient, publisher: FlaskClient) -> None:
    """Packages that a policy no longer matches are freed, and by its removal all."""
    package = published(publisher)
    policy(admin)
    policy(admin, packages=["other"])
    assert seen(publisher, package) == ("none", False)
    policy(admin)
    assert seen(publisher, package) == ("untrusted", True)
    admin.delete("/api/v1/policies/release")
    assert seen(publisher, package) == ("none", False)


def test_old_bytes_as_a_new_version(admin: FlaskClient, publisher: FlaskClient) -> None:
    """The good signature of an old version does not satisfy the policy for the same bytes as a new one."""
    policy(admin, signers=[keyless()])
    content = bundle(SIGSTORE, version="1.0.0")
    old, new = published(publisher), published(publisher, version="1.0.1")
    for package in (old, new):
        assert sign(publisher, package, content, "").status_code == 201
    assert seen(publisher, old) == ("trusted", False)
    assert seen(publisher, new) == ("untrusted", True)


def test_filters(admin: FlaskClient, publisher: FlaskClient) -> None:
    """`trust` and `blocked` filter the list."""
    policy(admin)
    published(publisher)
    published(publisher, name="plugin")

    def names(query: str) -> list[str]:
        return [each["name"] for each in publisher.get(f"/api/v1/packages?{query}").get_json()]

    assert names("trust=untrusted") == names("blocked=true") == ["opamp-agent"]
    assert names("trust=none") == names("blocked=false") == ["plugin"]
    assert names("trust=trusted") == []
    assert publisher.get("/api/v1/packages?trust=maybe").status_code == 422


def test_what_there_was_no_time_for(
    admin: FlaskClient, publisher: FlaskClient, parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signatures that a PUT had no time to check are pending, under enforce blocked, until the background has."""
    package = published(publisher)
    sign(publisher, package, raw())
    put = parts.signatures.settler.settle
    monkeypatch.setattr(parts.signatures.settler, "settle", lambda changed: put(changed, 0))
    assert policy(admin)["counts"] == {"trusted": 0, "untrusted": 0, "pending": 1}
    assert seen(publisher, package) == ("pending", True)
    assert parts.signatures.settler.has_work()
    monkeypatch.undo()
    parts.signatures.settler.run()
    assert seen(publisher, package) == ("trusted", False)
    assert not parts.signatures.settler.has_work()


def test_a_change_that_broke_off(
    admin: FlaskClient, publisher: FlaskClient, parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy whose packages could not be settled is finished in the background."""
    package = published(publisher)
    monkeypatch.setattr(parts.signatures.settler, "settle", lambda _: None)
    policy(admin)
    assert seen(publisher, package) == ("none", False)
    monkeypatch.undo()
    parts.signatures.settler.run()
    assert seen(publisher, package) == ("untrusted", True)


def test_a_key_in_pem_is_kept(admin: FlaskClient) -> None:
    """What was put comes back."""
    signers = [by_key(until="2030-01-01T00:00:00.000000Z"), keyless(claims={"build_trigger": "push"})]
    assert policy(admin, signers=signers)["signers"] == signers
    assert pem() in admin.get("/api/v1/policies/release").get_json()["signers"][0]["key"]


def test_uploads_again(admin: FlaskClient, publisher: FlaskClient) -> None:
    """The same bytes again change nothing."""
    policy(admin)
    package = published(publisher)
    assert post(publisher).get_json()["blocked"] is True
    sign(publisher, package, raw())
    assert post(publisher).get_json()["blocked"] is False
