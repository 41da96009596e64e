"""A Sigstore of one's own, made without a network: root, Fulcio, a CT log, a Rekor log, bundles and TrustedRoot."""

import base64
import datetime as dt
import hashlib
import json
import struct
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.trust.certificates import CLAIMS
from app.trust.envelopes import PAYLOAD_TYPE, pre_authentication_encoding

ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v1.2.3"
THEN = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)
SHA256 = ec.ECDSA(hashes.SHA256())
ARC = "1.3.6.1.4.1.57264.1."


def b64(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def utf8(text: str) -> bytes:
    """A DER UTF8String."""
    content = text.encode()
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return b"\x0c" + length + content


class Sigstore:
    """The instance; `start` and `end` are the `validFor` of its certificate authority."""

    def __init__(self, start: dt.datetime = THEN - dt.timedelta(days=30), end: Any = None) -> None:
        self.ca_key, self.ct_key, self.log_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a Sigstore of our own")])
        self.start, self.end = start, end
        key_id = x509.SubjectKeyIdentifier.from_public_key(self.ca_key.public_key())
        builder = self._certificate(name, name, self.ca_key.public_key(), start, start + dt.timedelta(days=3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage(signs=False), critical=True).add_extension(key_id, critical=False)
        self.ca = builder.sign(self.ca_key, hashes.SHA256())

    def _certificate(self, subject: x509.Name, issuer: x509.Name, key: Any, start: Any, end: Any) -> Any:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(start).not_valid_after(end)

    def leaf(self, key: Any, at: dt.datetime, issuer: str, subject: str, claims: dict[str, str]) -> bytes:
        """A certificate for 10 minutes with an embedded SCT, in DER."""
        builder = self._certificate(x509.Name([]), self.ca.subject, key.public_key(), at, at + dt.timedelta(0, 600))
        code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject)])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key())
        builder = builder.add_extension(usage(signs=True), critical=True).add_extension(code_signing, critical=False)
        builder = builder.add_extension(identifier, critical=False).add_extension(names, critical=True)
        for number, text in {8: issuer, **{CLAIMS[name]: text for name, text in claims.items()}}.items():
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{ARC}{number}"), utf8(text))
            builder = builder.add_extension(extension, critical=False)
        precertificate = builder.sign(self.ca_key, hashes.SHA256())
        millis = int(at.timestamp() * 1000)
        tbs = precertificate.tbs_certificate_bytes
        entry = hashlib.sha256(spki(self.ca_key)).digest() + len(tbs).to_bytes(3, "big") + tbs
        signed = struct.pack("!BBQH", 0, 0, millis, 1) + entry + b"\0\0"
        signature = self.ct_key.sign(signed, SHA256)
        head = b"\0" + hashlib.sha256(spki(self.ct_key)).digest() + millis.to_bytes(8, "big") + b"\0\0\x04\x03"
        timestamp = head + len(signature).to_bytes(2, "big") + signature
        listed = len(timestamp).to_bytes(2, "big") + timestamp
        octets = len(listed) + 2
        value = (
            b"\x04"
            + (bytes([octets]) if octets < 128 else bytes([0x81, octets]))
            + struct.pack("!H", len(listed))
            + listed
        )
        timestamps = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), value)
        made: bytes = (
            builder.add_extension(timestamps, critical=False)
            .sign(self.ca_key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )
        return made

    def entry(self, kind: str, spec: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
        """An entry of the log, which has no other: with inclusion proof, checkpoint and promise."""
        body = json.dumps({"apiVersion": "0.0.1", "kind": kind, "spec": spec}, separators=(",", ":"), sort_keys=True)
        log_id, root = hashlib.sha256(spki(self.log_key)).digest(), hashlib.sha256(b"\0" + body.encode()).digest()
        note = f"rekor.example - 1\n1\n{b64(root)}\n"
        sealed = b64(log_id[:4] + self.log_key.sign(note.encode(), SHA256))
        time = int(at.timestamp())
        promised = {"body": b64(body.encode()), "integratedTime": time, "logID": log_id.hex(), "logIndex": 0}
        promise = self.log_key.sign(json.dumps(promised, separators=(",", ":"), sort_keys=True).encode(), SHA256)
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": b64(promise)},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 rekor.example {sealed}\n"},
            },
            "canonicalizedBody": b64(body.encode()),
        }

    def sign(
        self, content: bytes, at: dt.datetime = THEN, issuer: str = ISSUER, subject: str = SUBJECT, **claims: str
    ) -> dict[str, Any]:
        """A bundle 0.3 over the bytes."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.leaf(key, at, issuer, subject, claims)
        digest, signature = hashlib.sha256(content), key.sign(content, SHA256)
        recorded = {"content": b64(signature), "publicKey": {"content": b64(pem(certificate))}}
        spec = {"data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}}, "signature": recorded}
        message = {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest.digest())},
            "signature": b64(signature),
        }
        return self._bundle(certificate, self.entry("hashedrekord", spec, at), messageSignature=message)

    def attest(
        self, content: bytes, predicate_type: str = "https://slsa.dev/provenance/v1", at: dt.datetime = THEN
    ) -> dict[str, Any]:
        """A bundle 0.3 with an in-toto statement about the bytes."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.leaf(key, at, ISSUER, SUBJECT, {})
        envelope = envelope_of(content, predicate_type, key)
        payload = hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()
        sealed = {"signature": envelope["signatures"][0]["sig"], "verifier": b64(pem(certificate))}
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": payload},
            "signatures": [sealed],
        }
        return self._bundle(certificate, self.entry("dsse", spec, at), dsseEnvelope=envelope)

    def _bundle(self, certificate: bytes, entry: dict[str, Any], **content: Any) -> dict[str, Any]:
        material = {"certificate": {"rawBytes": b64(certificate)}, "tlogEntries": [entry]}
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            **content,
        }

    def root(self) -> dict[str, Any]:
        """The TrustedRoot."""
        since = {"start": self.start.isoformat()}
        within = since if self.end is None else {**since, "end": self.end.isoformat()}
        authority = {
            "certChain": {"certificates": [{"rawBytes": b64(self.ca.public_bytes(Encoding.DER))}]},
            "validFor": within,
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log_key, since)],
            "certificateAuthorities": [{"uri": "https://fulcio.example", **authority}],
            "ctlogs": [log(self.ct_key, since)],
            "timestampAuthorities": [],
        }


def log(key: ec.EllipticCurvePrivateKey, valid_for: dict[str, str]) -> dict[str, Any]:
    """A log of a TrustedRoot."""
    public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid_for}
    identifier = {"keyId": b64(hashlib.sha256(spki(key)).digest())}
    return {"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": identifier}


def usage(*, signs: bool) -> x509.KeyUsage:
    """The key usage of a leaf, which signs, or of an authority."""
    others = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
        **others,
    )


def pem(certificate: bytes) -> bytes:
    """The certificate in PEM."""
    return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def envelope_of(content: bytes, predicate_type: str, key: Any) -> dict[str, Any]:
    """A DSSE envelope with an in-toto statement about the bytes, signed by a key (P-256, RSA or Ed25519)."""
    subject = {"name": "agent", "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": predicate_type}
    payload = json.dumps({**statement, "predicate": {}}).encode()
    how = (SHA256,) if isinstance(key, ec.EllipticCurvePrivateKey) else ()
    signature = key.sign(pre_authentication_encoding(payload), *how)
    return {"payloadType": PAYLOAD_TYPE, "payload": b64(payload), "signatures": [{"sig": b64(signature)}]}
