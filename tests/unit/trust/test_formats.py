"""Formats told by content, and their refusals."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from app.trust.formats import ATTESTATION, MINISIGN, PGP, RAW, SIGSTORE, WrongBytes, read_signature
from app.trust.strict_json import Malformed
from tests.trust.packages import CHECKSUM, CONTENT
from tests.trust.sigstore import ISSUER, SUBJECT, Sigstore, envelope_of

ARMORED = b"-----BEGIN PGP SIGNATURE-----\n\n%b\n=abcd\n-----END PGP SIGNATURE-----\n"
PACKET = bytes([0xC2, 22, 4, 0, 22, 8, 0, 0, 0, 10, 9, 16, *range(1, 9), 0xAA, 0xBB, 0, 0])
MINISIG = b"untrusted comment: by us\n%b\ntrusted comment: then\n%b\n" % (
    base64.b64encode(b"ED" + bytes(range(8)) + bytes(64)),
    base64.b64encode(bytes(64)),
)


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own."""
    return Sigstore()


def test_a_bundle(sigstore: Sigstore) -> None:
    """A bundle with a messageSignature says who has signed."""
    file = read_signature(json.dumps(sigstore.sign(CONTENT)).encode(), CHECKSUM)
    assert (file.format, file.issuer, file.subject) == (SIGSTORE, ISSUER, SUBJECT)


def test_an_attestation(sigstore: Sigstore) -> None:
    """A bundle with an in-toto statement says of which predicate it is."""
    file = read_signature(json.dumps(sigstore.attest(CONTENT, "https://example.com/x")).encode(), CHECKSUM)
    assert (file.format, file.predicate_type) == (ATTESTATION, "https://example.com/x")


def test_a_bare_envelope() -> None:
    """A DSSE envelope without a bundle is an attestation, with a line end or without."""
    envelope = envelope_of(CONTENT, "https://example.com/x", ed25519.Ed25519PrivateKey.generate())
    assert read_signature(json.dumps(envelope).encode() + b"\n", CHECKSUM).format == ATTESTATION


@pytest.mark.parametrize(
    ("content", "format_", "key_id"),
    [
        (ARMORED % base64.b64encode(PACKET), PGP, "0102030405060708"),
        (PACKET, PGP, "0102030405060708"),
        (MINISIG, MINISIGN, "0706050403020100"),
    ],
)
def test_delivered_only(content: bytes, format_: str, key_id: str) -> None:
    """OpenPGP and minisign signatures are known, and name their key."""
    file = read_signature(content, CHECKSUM)
    assert (file.format, file.key_id) == (format_, key_id)


def test_raw_is_asked_for() -> None:
    """Bytes of no other format are a raw signature where that is asked for, and nothing elsewhere."""
    assert read_signature(b"0\x06\x02\x01\x01\x02\x01\x01", CHECKSUM, may_be_raw=True).format == RAW
    with pytest.raises(Malformed):
        read_signature(b"0\x06\x02\x01\x01\x02\x01\x01", CHECKSUM)


def test_other_bytes(sigstore: Sigstore) -> None:
    """What plainly signs other bytes is refused: by its digest, its subject, its own certificate."""
    other = b"other bytes"
    for value in (sigstore.sign(other), sigstore.attest(other)):
        with pytest.raises(WrongBytes):
            read_signature(json.dumps(value).encode(), CHECKSUM)
    swapped = sigstore.sign(CONTENT)
    swapped["messageSignature"]["signature"] = sigstore.sign(CONTENT)["messageSignature"]["signature"]
    with pytest.raises(WrongBytes):
        read_signature(json.dumps(swapped).encode(), CHECKSUM)


DEEP = b"[" * 100_000
BUNDLE = b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",%b}'


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"mediaType":' + DEEP,
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b'{"a":"\\ud800"}',
        BUNDLE % b'"messageSignature":{}',
        BUNDLE % b'"verificationMaterial":{"certificate":{"rawBytes":"AAAA"}}',
        BUNDLE % b'"verificationMaterial":{"certificate":{"rawBytes":"!"}}',
        BUNDLE % b'"verificationMaterial":{"publicKey":{}},"dsseEnvelope":7',
        b'{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.9"}',
        b'{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"sig":"AA=="}]}',
        b'{"payloadType":"text/plain","payload":"e30=","signatures":[]}',
        b"-----BEGIN PGP SIGNATURE-----\n\n!\n-----END PGP SIGNATURE-----\n",
        b"untrusted comment:\n",
        bytes([0xC2, 200]),
        b"nothing",
        b"\xff\xfe{",
    ],
)
def test_broken(content: bytes) -> None:
    """Broken files are refused within a second, and in one way."""
    started = time.monotonic()
    with pytest.raises(Malformed):
        read_signature(content, CHECKSUM)
    assert time.monotonic() - started < 1


def test_two_statements() -> None:
    """A file of JSON lines has one statement."""
    envelope = json.dumps(envelope_of(CONTENT, "https://example.com/x", ed25519.Ed25519PrivateKey.generate())).encode()
    with pytest.raises(Malformed):
        read_signature(envelope + b"\n" + envelope, CHECKSUM)
