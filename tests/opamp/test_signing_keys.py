"""What docs/signing.md says of cosign, of keys that come and go, of a pipeline and of a Sigstore of one's own."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dev.checkout import PROJECT
from dev.parts import go_tools
from tests.conftest import build_in_sight
from tests.opamp.walk import CONTENT, PATH, SUBJECT_OF_THE_FILE, Walk
from tests.trust.sigstore import ISSUER

SIGNED = [("trusted", False)] * 2
UNSIGNED = [("untrusted", True)] * 2


@pytest.fixture(scope="session")
def cosign(pytestconfig: pytest.Config) -> Path:
    """Cosign, built from its module."""
    build_in_sight("cosign", pytestconfig)
    return go_tools.built("cosign")


@pytest.fixture
def keys(walk: Walk, monkeypatch: pytest.MonkeyPatch, cosign: Path) -> Walk:
    """A reader who has cosign, and a password for its keys."""
    walk.command("cosign", cosign)
    monkeypatch.setenv("COSIGN_PASSWORD", "a password of the tests")
    return walk


def state(walk: Walk, package: dict[str, Any]) -> list[tuple[str, bool]]:
    """The package's trust, and whether it is blocked, on both instances."""
    fleets = (walk.here, walk.there)
    shown = [fleet.operator.get(f"/packages/{package['id']}").json() for fleet in fleets]
    return [(each["trust"], each["blocked"]) for each in shown]


def add(walk: Walk, version: str, suffix: str, signature: bytes) -> None:
    """Put a signature beside a package."""
    answer = walk.here.operator.request("PUT", PATH.format(version=version) + suffix, signature)
    assert answer.status == 201, answer.body


def by_key(walk: Walk, key: str) -> bytes:
    """A raw signature by a key that openssl makes, as the document says."""
    walk.paste("openssl dgst", ("release.key", f"{key}.key"), ("release.pub", f"{key}.pub"))
    return (walk.folder / "agent.sig").read_bytes()


def test_cosign_by_key(keys: Walk) -> None:
    """What cosign signs by its key, without the Internet, is trusted by the policy that has `cosign.pub`."""
    keys.paste("cosign generate-key-pair")
    package, unsigned = keys.publish("1.4.0"), keys.publish("1.5.0")
    keys.paste("-T agent.sigstore.json")
    (keys.folder / "agent.sig").write_bytes(b"a signature of nobody")
    keys.paste("-T agent.sig ", ('"warn"', '"enforce"'), ("release.pub", "cosign.pub"))
    assert state(keys, package) == SIGNED
    assert state(keys, unsigned) == UNSIGNED


def test_rotate_and_revoke(walk: Walk) -> None:
    """After `until` only the new key counts for what comes; without the old signer nothing that it has signed does."""
    packages = [walk.publish(version) for version in ("1.4.0", "1.4.1", "1.4.2")]
    old, new = by_key(walk, "release"), by_key(walk, "new")
    add(walk, "1.4.0", ".sig", old)
    walk.paste('"until"', ("2026-12-01T00:00:00Z", datetime.now(UTC).isoformat()))
    add(walk, "1.4.1", ".sig", old)
    add(walk, "1.4.2", ".sig", new)
    assert [state(walk, package) for package in packages] == [SIGNED, UNSIGNED, SIGNED]
    walk.paste('"signers": [{"name": "new"')
    assert [state(walk, package) for package in packages] == [UNSIGNED, UNSIGNED, SIGNED]


def test_the_pipeline(walk: Walk) -> None:
    """Its steps publish the file with the bundle that cosign writes there, never blocked under `enforce`."""
    text = (PROJECT / "docs" / "signing.md").read_text()
    (block,) = [block for block in text.split("```")[1::2] if block.startswith("yaml\n")]
    _, sign, publish = yaml.safe_load(block.removeprefix("yaml"))["steps"]
    # The one step that cannot be run: it asks GitHub who it is.
    command, *_, bundle, file = shlex.split(sign["run"])
    assert (command, file in bundle) == ("cosign", True)
    (walk.folder / file).parent.mkdir()
    (walk.folder / file).write_bytes(CONTENT)
    (walk.folder / bundle).write_text(json.dumps(walk.bundle()))
    walk.enforce()
    operator = walk.here.operator
    given = {"https://packages.example": walk.here.service.url, "${{ secrets.OPAMPKG_TOKEN }}": operator.token}
    walk.run(publish["run"], **{name: given[value] for name, value in publish["env"].items()})
    (package,) = operator.get("/packages?name=agent").json()
    assert state(walk, package) == SIGNED


def pem(key: Any) -> str:
    """A public key."""
    text: str = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return text


def test_without_the_internet(keys: Walk) -> None:
    """The root that cosign makes of a Sigstore of one's own proves its bundles, and `opampkg verify` says so."""
    sigstore, package = keys.sigstore, keys.publish("1.4.0")
    services = {"fulcio.pem": sigstore.ca.public_bytes(Encoding.PEM).decode()}
    services |= {"ct.pub": pem(sigstore.ct_key), "rekor.pub": pem(sigstore.log_key)}
    for name, content in services.items():
        (keys.folder / name).write_text(content)
    subject = SUBJECT_OF_THE_FILE.replace("1.4.0", "{version}")
    own = ("https://git.example/acme/agent/release.yml@refs/tags/v{version}", subject)
    keys.paste("cosign trusted-root", ("https://id.example", ISSUER), own)
    assert state(keys, package) == UNSIGNED
    add(keys, "1.4.0", ".sigstore.json", json.dumps(keys.bundle()).encode())
    assert state(keys, package) == SIGNED
    keys.run('curl -fsSo bin/opampkg "$SERVER/cli" && chmod +x bin/opampkg', SERVER=keys.here.service.url)
    keys.paste("opampkg verify")
