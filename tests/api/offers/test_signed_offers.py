"""Offers with signatures, under other names and versions."""

import base64
import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.channels.setting import put_channel
from tests.api.conftest import problem_of
from tests.api.packages.publishing import published
from tests.api.signatures.signing import OTHER_KEY, bundle, by_key, policy, raw, sign
from tests.trust.sigstore import Sigstore, pem

AGENT = {"attributes": {"os.type": "linux", "host.arch": "amd64"}}
SIGSTORE = Sigstore()


def offered(client: FlaskClient, **member: Any) -> dict[str, Any]:
    """The packages that an agent of a channel with this one member is offered."""
    packages = [{"name": "opamp-agent", "version": "latest", **member}]
    response = put_channel(client, packages=packages)
    assert response.status_code in (200, 201), response.text
    assert response.get_json()["packages"] == [{"type": "top_level", **packages[0]}]
    offer: dict[str, Any] = client.post("/api/v1/offers", json=AGENT).get_json()
    return offer.get("packages", {})


def signature(package: dict[str, Any]) -> bytes:
    """The signature that a file is offered with."""
    return base64.b64decode(package["file"].get("signature", ""))


@pytest.mark.parametrize(("kind", "content"), [("raw", raw()), ("sigstore", bundle(SIGSTORE))], ids=["raw", "sigstore"])
def test_signature(publisher: FlaskClient, kind: str, content: bytes) -> None:
    """The bytes as sent, and only where they are asked for; they are part of the hash."""
    package = published(publisher)
    plain = offered(publisher)["opamp-agent"]
    sign(publisher, package, content)
    assert offered(publisher)["opamp-agent"]["hash"] == plain["hash"]
    assert signature(offered(publisher)["opamp-agent"]) == b""
    signed = offered(publisher, signature=kind)["opamp-agent"]
    assert signature(signed) == content
    assert signed["hash"] != plain["hash"]


def test_cosign(publisher: FlaskClient) -> None:
    """The PEM certificate and the signature in Base64, with one space between, out of a bundle."""
    value = SIGSTORE.sign(b"\x7fELF the agent")
    sign(publisher, published(publisher), json.dumps(value).encode(), "")
    certificate, signed = signature(offered(publisher, signature="cosign")["opamp-agent"]).split(b" ")
    der = base64.b64decode(value["verificationMaterial"]["certificate"]["rawBytes"])
    assert base64.b64decode(certificate) == pem(der)
    assert signed.decode() == value["messageSignature"]["signature"]


def test_latest_is_the_newest_that_has_one(publisher: FlaskClient) -> None:
    """A file without a signature is as no file."""
    old, _ = published(publisher), published(publisher, version="2.0.0")
    assert offered(publisher, signature="raw") == {}
    sign(publisher, old, raw())
    assert offered(publisher, signature="raw")["opamp-agent"]["version"] == "1.0.0"
    assert offered(publisher, signature="raw", version="2.0.0") == {}
    assert offered(publisher)["opamp-agent"]["version"] == "2.0.0"


def test_the_oldest_that_counts(admin: FlaskClient) -> None:
    """Without a policy the oldest is carried, with one the oldest that it accepts; others change nothing."""
    package, first, second = published(admin), raw(key=OTHER_KEY), raw()
    for content in (first, second):
        sign(admin, package, content)
    before = offered(admin, signature="raw")["opamp-agent"]
    assert signature(before) == first
    sign(admin, package, b"a third")
    assert offered(admin, signature="raw")["opamp-agent"]["hash"] == before["hash"]
    policy(admin, signers=[by_key()])
    assert signature(offered(admin, signature="raw")["opamp-agent"]) == second


def test_as(publisher: FlaskClient) -> None:
    """The agent sees another name, which may be empty, and a version by its template."""
    published(publisher)
    offer = offered(publisher, **{"as": "", "version_as": "v{version}"})
    assert list(offer) == [""]
    assert offer[""]["version"] == "v1.0.0"
    assert "/opamp-agent/1.0.0/" in offer[""]["file"]["downloadUrl"]


@pytest.mark.parametrize(
    ("place", "member"),
    [
        ("packages.0.signature", {"signature": "x509"}),
        ("packages.0.version_as", {"version_as": "v1"}),
        ("packages.0.version_as", {"version_as": "{version}{name}"}),
        ("packages.0.as", {"as": "x" * 256}),
        ("packages.1.as", {"as": "plugin"}),
    ],
)
def test_refused(publisher: FlaskClient, place: str, member: dict[str, str]) -> None:
    """422, naming the member; names that agents see are unique."""
    published(publisher)
    published(publisher, name="plugin")
    packages = [{"name": "opamp-agent", "version": "latest", **member}, {"name": "plugin", "version": "latest"}]
    assert place in problem_of(put_channel(publisher, packages=packages))["errors"]


def test_the_hash_of_before(publisher: FlaskClient) -> None:
    """What is offered as it is has the hash that it had before signatures were there."""
    package = published(publisher)
    url = package["download_url"]
    parts = ["opamp-packages", 1, "package", "opamp-agent", "top_level", "1.0.0", package["checksum"], url]
    expected = hashlib.sha256(json.dumps(parts).encode()).digest()
    assert base64.b64decode(offered(publisher)["opamp-agent"]["hash"]) == expected
