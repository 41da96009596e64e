"""Policies: what they do to packages."""

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.packages.publishing import post, published
from tests.api.signatures.signing import OTHER_KEY, bundle, by_key, policy, raw, seen, sign
from tests.trust.packages import keyless
from tests.trust.sigstore import Sigstore


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
    sigstore = Sigstore()
    policy(admin, signers=[keyless(sigstore)])
    content = bundle(sigstore, version="1.0.0")
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


def test_uploads_again(admin: FlaskClient, publisher: FlaskClient) -> None:
    """The same bytes again change nothing."""
    policy(admin)
    package = published(publisher)
    assert post(publisher).get_json()["blocked"] is True
    sign(publisher, package, raw())
    assert post(publisher).get_json()["blocked"] is False
