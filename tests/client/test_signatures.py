"""Signatures that stand beside files go along with them, and what they come to is shown."""

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.signatures.signing import by_key, raw
from tests.client.conftest import User, UserOf
from tests.faults.client import Client
from tests.faults.site import Site

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def policy(site: Site, name: str) -> Iterator[str]:
    """A policy for the packages of this test's name."""
    admin = Client(site.service.url, site.tokens["admin"])
    body = {"packages": [name], "mode": "enforce", "signers": [by_key(key=KEY)]}
    path = f"/api/v1/policies/{name}"
    answer = admin.request("PUT", path, json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 201, answer.body
    yield name
    admin.request("DELETE", path)


def test_signatures_go_along(publisher: User, policy: str) -> None:
    """A pattern over all of a release publishes its files, with the signatures beside them, and nothing is left out."""
    file = publisher.file(f"dist/{policy}_1.0.0_linux_amd64", b"the agent")
    publisher.file(f"dist/{file.name}.sig", raw(b"the agent", KEY))
    ended = publisher.run("publish", "dist/*")
    assert f"Signed by dist/{file.name}.sig" in ended.out
    assert "left out" not in ended.err
    again = publisher.run("publish", "dist/*", "--json")
    assert [package["file_name"] for package in again.document] == [file.name]
    shown = publisher.run("verify", policy, "1.0.0")
    assert shown.out.splitlines()[0] == f"{policy} 1.0.0 linux/amd64: trusted"
    assert f"accepted by {policy}/ours" in shown.out


def test_a_signature_that_is_refused(publisher: User, name: str) -> None:
    """It is printed and makes the exit 3; the file stays published."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64")
    publisher.file(f"{file.name}.asc", b"no armor")
    ended = publisher.run("publish", file, code=3)
    assert f"{file.name}.asc: " in ended.err
    assert publisher.run("show", name, "1.0.0", "--json").document[0]["file_name"] == file.name


def test_what_is_not_trusted(publisher: User, user_of: UserOf, policy: str) -> None:
    """`verify` exits with 8, and with --json has the API's own fields."""
    publisher.run("publish", publisher.file(f"{policy}_1.0.0_linux_amd64"))
    ended = user_of("agent").run("verify", policy, "1.0.0", "--json", code=8)
    (package,) = ended.document
    assert (package["trust"], package["blocked"], package["signatures"]) == ("untrusted", True, [])
    assert "untrusted, blocked" in publisher.run("verify", policy, "1.0.0", "linux", "amd64", code=8).out


def test_dry_run(publisher: User, name: str) -> None:
    """It says which signatures would go along."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64")
    publisher.file(f"{file.name}.sig", b"x")
    assert f"Would add {file.name}.sig" in publisher.run("publish", file.name, "--dry-run").out
