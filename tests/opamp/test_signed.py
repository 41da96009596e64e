"""Signed packages on an agent that verifies them by Sigstore's own library, under the name that supervisors want."""

import json
from pathlib import Path

import pytest

from tests.opamp.fleet import Fleet
from tests.trust.sigstore import ISSUER, SUBJECT, Sigstore

MEMBER = {"name": "otelcol", "version": "latest", "as": "", "version_as": "v{version}", "signature": "sigstore"}


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own."""
    return Sigstore()


def supervisor(sigstore: Sigstore, folder: Path, subject: str = SUBJECT) -> tuple[str, ...]:
    """Options of an agent that installs only what the workflow has signed."""
    root = folder / "root.json"
    root.write_text(json.dumps(sigstore.root()))
    return "-verify-root", str(root), "-verify-issuer", ISSUER, "-verify-subject", subject


def sign(fleet: Fleet, package: dict[str, int], bundle: dict[str, object]) -> None:
    """Add a bundle to a package."""
    path = f"/api/v1/packages/{package['id']}/signatures"
    answer = fleet.operator.request("POST", path, json.dumps(bundle).encode())
    assert answer.status == 201, answer.body


def test_a_signed_package(fleet: Fleet, sigstore: Sigstore, tmp_path: Path) -> None:
    """The nameless package is installed with version v1.2.3, once it has its whole bundle, and is reported so."""
    package = fleet.publish("1.2.3", b"the collector")
    fleet.members([MEMBER])
    agent = fleet.agent(*supervisor(sigstore, tmp_path))
    agent.polls(3)
    assert agent.versions() == {}
    sign(fleet, package, sigstore.sign(b"the collector"))
    agent.wait_for({"": "v1.2.3"})
    assert agent.content("") == b"the collector"
    fleet.wait(lambda: fleet.states(agent) == {"": "installed"}, "The status")
    assert fleet.installations(package)["installed"] == 1
    agent.polls(4)
    assert agent.offers() == [" v1.2.3"]


def test_another_signer(fleet: Fleet, sigstore: Sigstore, tmp_path: Path) -> None:
    """What somebody else has signed is offered without a policy, and the agent that verifies does not install it."""
    package = fleet.publish("1.2.3", b"the collector")
    sign(fleet, package, Sigstore().sign(b"the collector"))
    fleet.members([MEMBER])
    agent = fleet.agent(*supervisor(sigstore, tmp_path))
    fleet.wait(lambda: fleet.states(agent) == {"": "failed"}, "The failure")
    assert agent.versions() == {}


def test_tampered_by_a_writer_of_the_database(fleet: Fleet, sigstore: Sigstore, tmp_path: Path) -> None:
    """Bytes that were swapped, with a row that says they are right, are refused by the agent."""
    good = fleet.publish("1.2.2", b"the collector")
    sign(fleet, good, sigstore.sign(b"the collector"))
    other = fleet.publish("1.2.3", b"something else")
    fleet.execute(
        "INSERT INTO signatures (package_id, digest, format, content, created_by) "
        f"SELECT {other['id']}, digest, format, content, created_by FROM signatures"
    )
    fleet.members([MEMBER])
    agent = fleet.agent(*supervisor(sigstore, tmp_path))
    fleet.wait(lambda: fleet.states(agent) == {"": "failed"}, "The failure")
    assert agent.versions() == {}


def put_policy(fleet: Fleet, signers: list[dict[str, object]]) -> dict[str, object]:
    """Enforce a policy with these signers."""
    body = json.dumps({"packages": ["otelcol"], "mode": "enforce", "signers": signers}).encode()
    answer = fleet.operator.request("PUT", "/api/v1/policies/release", body, Content_Type="application/json")
    assert answer.status in (200, 201), answer.body
    content: dict[str, object] = answer.json()
    return content


def is_blocked(fleet: Fleet, package: dict[str, int]) -> bool:
    """Whether a package is blocked now."""
    return bool(fleet.operator.get(f"/packages/{package['id']}").json()["blocked"])


def test_the_whole_way(fleet: Fleet, sigstore: Sigstore, tmp_path: Path) -> None:
    """Unsigned is blocked, signed is installed; old bytes as a new version are not, nor is anything without signers."""
    subject = SUBJECT.replace("1.2.3", "{version}")
    signer = {"name": "ci", "kind": "sigstore", "issuer": ISSUER, "subject": subject, "root": sigstore.root()}
    put_policy(fleet, [signer])
    package = fleet.publish("1.2.3", b"the collector")
    fleet.members([MEMBER])
    agent = fleet.agent(*supervisor(sigstore, tmp_path))
    assert is_blocked(fleet, package)
    bundle = sigstore.sign(b"the collector")
    sign(fleet, package, bundle)
    assert not is_blocked(fleet, package)
    agent.wait_for({"": "v1.2.3"})
    again = fleet.publish("1.2.4", b"the collector")
    sign(fleet, again, bundle)
    assert is_blocked(fleet, again)
    agent.polls(4)
    assert agent.offers() == [" v1.2.3"]
    assert put_policy(fleet, [])["counts"] == {"trusted": 0, "untrusted": 2, "pending": 0}
    assert is_blocked(fleet, package)
    other = fleet.agent()
    other.polls(4)
    assert other.offers() == []
