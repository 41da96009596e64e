"""Formats of signature files, told by their content; and what shows without any key that other bytes were signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.x509 import Certificate

from app.trust import certificates, openpgp
from app.trust.envelopes import Envelope, read_envelope, read_statement
from app.trust.keys import signs_digest, signs_message
from app.trust.strict_json import Malformed, decoded, loads, member, told

SIGSTORE, ATTESTATION, PGP, MINISIGN, RAW = FORMATS = ("sigstore", "attestation", "pgp", "minisign", "raw")

SUFFIXES: Mapping[str, str] = {
    ".sigstore.json": SIGSTORE,
    ".intoto.jsonl": ATTESTATION,
    ".asc": PGP,
    ".minisig": MINISIGN,
    ".sig": RAW,
}
"""The format that a file with this suffix has; `.sig` may have any."""

SUFFIX_OF = {format_: suffix for suffix, format_ in SUFFIXES.items()}

MAX_SIZE = 256 * 1024
"""Bytes of one signature file."""

BUNDLE = "application/vnd.dev.sigstore.bundle"
BUNDLES = (*(f"{BUNDLE}+json;version=0.{minor}" for minor in (1, 2, 3)), f"{BUNDLE}.v0.3+json")


class WrongBytes(Malformed):
    """The signature is plainly of other bytes than the package's."""


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """A signature file as it says it is; nothing of it is proven yet.

    `issuer`, `subject` and `key_id`: who it says has signed. `signature`: the bytes of a bundle's own signature.
    """

    format: str
    content: bytes
    issuer: str | None = None
    subject: str | None = None
    key_id: str | None = None
    predicate_type: str | None = None
    certificate: Certificate | None = None
    is_bundle: bool = False
    signature: bytes = b""
    envelope: Envelope | None = None


def read_signature(content: bytes, checksum: str, *, may_be_raw: bool = False) -> SignatureFile:
    """The signature file of a package with this SHA-256 in hex.

    `may_be_raw`: bytes of none of the other formats are a raw signature. Raises Malformed for those otherwise, and for
    a file that is broken; WrongBytes if it signs other bytes than the package's.
    """
    if content.lstrip()[:1] == b"{" and _is_text(content):
        value = loads(content)
        if _is_known(value) or not may_be_raw:
            return _of_json(value, content, checksum)
    elif openpgp.looks_armored(content) or openpgp.looks_binary(content):
        return SignatureFile(PGP, content, key_id=openpgp.read_key_id(content))
    elif content.startswith(b"untrusted comment:"):
        return SignatureFile(MINISIGN, content, key_id=_minisign_key(content))
    if may_be_raw:
        return SignatureFile(RAW, content)
    raise Malformed("It is no Sigstore bundle, DSSE envelope, OpenPGP or minisign signature; format=raw keeps it.")


def _is_known(value: Any) -> bool:
    media_type = member(value, "mediaType")
    return "payloadType" in value or (isinstance(media_type, str) and media_type.startswith(BUNDLE))


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _of_json(value: Any, content: bytes, checksum: str) -> SignatureFile:
    if "payloadType" in value:
        return _attestation(value, content, checksum, None)
    if member(value, "mediaType") not in BUNDLES:
        raise Malformed("Its mediaType is none of a Sigstore bundle 0.1 to 0.3.")
    certificate = _leaf(value)
    key_id = told(member(value, "verificationMaterial", "publicKey", "hint", kind=str))
    has_key = member(value, "verificationMaterial", "publicKey") is not None
    if certificate is None and not has_key:
        raise Malformed("The bundle has neither a certificate nor a public key.")
    if "dsseEnvelope" in value:
        attested = _attestation(value["dsseEnvelope"], content, checksum, certificate)
        return replace(attested, key_id=key_id or attested.key_id, is_bundle=True)
    return _bundle(value, content, checksum, certificate, key_id)


def _leaf(value: Any) -> Certificate | None:
    material = member(value, "verificationMaterial", kind=dict) or {}
    der = member(material, "certificate", "rawBytes") or member(
        material, "x509CertificateChain", "certificates", 0, "rawBytes"
    )
    return None if der is None else certificates.load_certificate(decoded(der, "Its certificate"))


def _bundle(
    value: Any, content: bytes, checksum: str, certificate: Certificate | None, key_id: str | None
) -> SignatureFile:
    signature = decoded(member(value, "messageSignature", "signature"), "Its signature")
    declared = member(value, "messageSignature", "messageDigest", kind=dict)
    if declared is not None:
        if declared.get("algorithm") != "SHA2_256":
            raise Malformed("Its digest is no SHA2_256.")
        if decoded(declared.get("digest"), "Its digest").hex() != checksum:
            raise WrongBytes("It signs other bytes: its digest is not the package's checksum.")
    if certificate and signs_digest(certificate.public_key(), signature, bytes.fromhex(checksum)) is False:
        raise WrongBytes("Its signature is not that of its own certificate over this package.")
    said = SignatureFile(SIGSTORE, content, *_identity(certificate), key_id=key_id, certificate=certificate)
    return replace(said, is_bundle=True, signature=signature)


def _attestation(value: Any, content: bytes, checksum: str, certificate: Certificate | None) -> SignatureFile:
    envelope = read_envelope(value)
    statement = read_statement(envelope.payload)
    if checksum not in statement.digests:
        raise WrongBytes("It is about other files: none of its subjects has the package's checksum.")
    key = None if certificate is None else certificate.public_key()
    if key and all(signs_message(key, each, envelope.message) is False for each in envelope.signatures):
        raise WrongBytes("Its signature is not that of its own certificate over its statement.")
    return SignatureFile(
        ATTESTATION,
        content,
        *_identity(certificate),
        key_id=envelope.key_id,
        predicate_type=statement.predicate_type,
        certificate=certificate,
        envelope=envelope,
    )


def _identity(certificate: Certificate | None) -> tuple[str | None, str | None]:
    if certificate is None:
        return None, None
    return certificates.issuer(certificate), certificates.subject(certificate)


def _minisign_key(content: bytes) -> str:
    """The key's number in hex, as minisign prints it. Raises Malformed."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise Malformed("It is no minisign signature.") from error
    if len(lines) != 4 or not lines[2].startswith("trusted comment:"):
        raise Malformed("A minisign signature has four lines.")
    signature = decoded(lines[1], "Its signature")
    if len(signature) != 74 or signature[:2] not in (b"Ed", b"ED") or len(decoded(lines[3], "Its last line")) != 64:
        raise Malformed("It is no minisign signature.")
    return signature[2:10][::-1].hex().upper()
