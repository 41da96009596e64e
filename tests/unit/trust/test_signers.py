"""Whom a signature is accepted from."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256 as SHA256_HASH
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.trust.formats import SignatureFile, read_signature
from app.trust.keys import UnusableKey, load_key
from app.trust.signers import judge, proven_by_public_root
from app.trust.sigstore_root import read_root
from tests.trust.packages import CHECKSUM, CONTENT, keyless, package
from tests.trust.sigstore import SHA256, THEN, Sigstore, envelope_of

NOW = dt.datetime.now(dt.UTC)
REAL = Path(__file__).parents[2] / "trust" / "assets" / "rfc8785-0.1.2.sigstore.json"
REAL_CHECKSUM = "c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201"
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own."""
    return Sigstore()


def read(value: Any) -> SignatureFile:
    """The signature file that this JSON is."""
    return read_signature(json.dumps(value).encode(), CHECKSUM)


def pem(key: Any) -> str:
    """The public key in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def by_key(key: Any) -> dict[str, Any]:
    """A signer with this key."""
    return {"name": "key", "kind": "key", "key": pem(key)}


def test_the_signer_of_this_version(sigstore: Sigstore) -> None:
    """A bundle of the signer's workflow and the package's version is accepted, with the time that the log proves."""
    verdict = judge(keyless(sigstore), read(sigstore.sign(CONTENT)), package(), NOW)
    assert (verdict.accepted, verdict.signed_at) == (True, THEN)


def test_old_bytes_as_a_new_version(sigstore: Sigstore) -> None:
    """The good signature of an old version does not pass for a new one."""
    file = read(sigstore.sign(CONTENT))
    assert judge(keyless(sigstore), file, package(version="v1.2.3"), NOW).accepted
    assert not judge(keyless(sigstore), file, package(version="1.2.4"), NOW).accepted


@pytest.mark.parametrize("change", [{"issuer": "https://other.example"}, {"subject": "https://github.com/other/*"}])
def test_other_identities(sigstore: Sigstore, change: dict[str, str]) -> None:
    """Another issuer or subject is another signer."""
    assert not judge(keyless(sigstore, **change), read(sigstore.sign(CONTENT)), package(), NOW).accepted


def test_claims(sigstore: Sigstore) -> None:
    """Every claim that is asked for has to be there and to match."""
    signer = keyless(sigstore, claims={"source_repository_uri": "https://github.com/acme/*"})
    uri = "https://github.com/acme/agent"
    assert judge(signer, read(sigstore.sign(CONTENT, source_repository_uri=uri)), package(), NOW).accepted
    assert not judge(signer, read(sigstore.sign(CONTENT, source_repository_uri=f"{uri}/x")), package(), NOW).accepted
    assert not judge(signer, read(sigstore.sign(CONTENT)), package(), NOW).accepted


def test_another_root(sigstore: Sigstore) -> None:
    """A signer's bundle counts by the signer's own root only."""
    assert not judge(keyless(Sigstore()), read(sigstore.sign(CONTENT)), package(), NOW).accepted


def test_an_authority_after_its_end() -> None:
    """A certificate authority counts from the start to the end of its validFor: sigstore 4.5.1 ignores the end."""
    ended = Sigstore(end=THEN)
    assert judge(keyless(ended), read(ended.sign(CONTENT, THEN)), package(), NOW).accepted
    assert not judge(keyless(ended), read(ended.sign(CONTENT, THEN + DAY)), package(), NOW).accepted
    began = Sigstore(start=THEN)
    assert not judge(keyless(began), read(began.sign(CONTENT, THEN - DAY)), package(), NOW).accepted


def test_predicate_type(sigstore: Sigstore) -> None:
    """A signer may want attestations of one kind; a signature that says nothing is none of them."""
    signer = keyless(sigstore, predicate_type="https://slsa.dev/provenance/*")
    assert judge(signer, read(sigstore.attest(CONTENT)), package(), NOW).accepted
    assert not judge(signer, read(sigstore.attest(CONTENT, "https://spdx.dev/Document")), package(), NOW).accepted
    assert not judge(signer, read(sigstore.sign(CONTENT)), package(), NOW).accepted


@pytest.mark.parametrize("subject", [None, {}, {"commonName": "ours"}, {"organization": "acme"}])
def test_a_root_whose_authority_says_little(sigstore: Sigstore, subject: dict[str, str] | None) -> None:
    """An authority's subject may lack its organization, as in what cosign writes, its common name, or be absent."""
    root = sigstore.root()
    root["certificateAuthorities"][0] |= {} if subject is None else {"subject": subject}
    assert judge(keyless(sigstore, root=read_root(root)), read(sigstore.sign(CONTENT)), package(), NOW).accepted


def test_until(sigstore: Sigstore) -> None:
    """Signatures that were made later do not count; where nothing proves when, those that came later."""
    file = read(sigstore.sign(CONTENT))
    assert judge(keyless(sigstore, until=THEN.isoformat()), file, package(), NOW).accepted
    assert not judge(keyless(sigstore, until=(THEN - DAY).isoformat()), file, package(), NOW).accepted
    key = ec.generate_private_key(ec.SECP256R1())
    raw = read_signature(key.sign(CONTENT, SHA256), CHECKSUM, may_be_raw=True)
    signer = {**by_key(key), "until": THEN.isoformat()}
    assert judge(signer, raw, package(), THEN).accepted
    assert not judge(signer, raw, package(), THEN + DAY).accepted


def test_keys() -> None:
    """ECDSA P-256 and RSA sign digests, DER or Base64; bundles with a public key and envelopes are theirs, too."""
    elliptic, rivest = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    signed = elliptic.sign(CONTENT, SHA256)
    for content in (signed, base64.b64encode(signed) + b"\n"):
        assert judge(by_key(elliptic), read_signature(content, CHECKSUM, may_be_raw=True), package(), NOW).accepted
    by_rsa = read_signature(rivest.sign(CONTENT, padding.PKCS1v15(), SHA256_HASH()), CHECKSUM, may_be_raw=True)
    assert judge(by_key(rivest), by_rsa, package(), NOW).accepted
    assert not judge(by_key(elliptic), by_rsa, package(), NOW).accepted
    message = {"signature": base64.b64encode(signed).decode()}
    material = {"publicKey": {"hint": "ours"}}
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    bundle = read({"mediaType": media_type, "verificationMaterial": material, "messageSignature": message})
    assert judge(by_key(elliptic), bundle, package(), NOW).accepted
    assert bundle.key_id == "ours"


def test_ed25519_signs_attestations() -> None:
    """An Ed25519 key counts for attestations, which have the bytes that it signs."""
    key = ed25519.Ed25519PrivateKey.generate()
    envelope = read(envelope_of(CONTENT, "https://slsa.dev/provenance/v1", key))
    assert judge(by_key(key), envelope, package(), NOW).accepted
    assert not judge(by_key(ed25519.Ed25519PrivateKey.generate()), envelope, package(), NOW).accepted
    raw = read_signature(key.sign(CONTENT), CHECKSUM, may_be_raw=True)
    assert not judge(by_key(key), raw, package(), NOW).accepted


def test_a_key_does_not_count_for_certificates(sigstore: Sigstore) -> None:
    """A bundle with a certificate is never a key signer's, nor one with a key a Sigstore signer's."""
    key = ec.generate_private_key(ec.SECP256R1())
    assert not judge(by_key(key), read(sigstore.sign(CONTENT)), package(), NOW).accepted
    envelope = read(envelope_of(CONTENT, "https://slsa.dev/provenance/v1", key))
    assert not judge(keyless(sigstore), envelope, package(), NOW).accepted


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), WEAK], ids=["P-384", "RSA 1024"])
def test_weak_keys(key: Any) -> None:
    """Keys of other kinds or of too few bits are refused."""
    with pytest.raises(UnusableKey):
        load_key(pem(key))


def test_a_real_bundle() -> None:
    """The public Sigstore's bundle of a wheel on PyPI holds by the root that is shipped, long after its certificate."""
    real = package(name="rfc8785", version="0.1.2", checksum=REAL_CHECKSUM)
    file = read_signature(REAL.read_bytes(), REAL_CHECKSUM)
    subject = "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v{version}"
    signer = {"name": "x", "kind": "sigstore", "issuer": file.issuer, "subject": subject}
    assert judge(signer, file, real, NOW).accepted
    assert proven_by_public_root(file, REAL_CHECKSUM) == dt.datetime(2024, 3, 19, 22, 41, 16, tzinfo=dt.UTC)
