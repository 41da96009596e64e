"""Fulcio's certificates: whom they name, and the claims in their extensions.

The extensions are those of https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
"""

from cryptography import x509
from cryptography.x509 import Certificate, ObjectIdentifier, load_der_x509_certificate

from app.trust.strict_json import Malformed, told

_ARC = "1.3.6.1.4.1.57264.1."
_ISSUER_V1, _ISSUER = ObjectIdentifier(_ARC + "1"), ObjectIdentifier(_ARC + "8")
_OTHER_NAME = ObjectIdentifier(_ARC + "7")

CLAIMS = {
    "build_signer_uri": 9,
    "build_signer_digest": 10,
    "runner_environment": 11,
    "source_repository_uri": 12,
    "source_repository_digest": 13,
    "source_repository_ref": 14,
    "source_repository_identifier": 15,
    "source_repository_owner_uri": 16,
    "source_repository_owner_identifier": 17,
    "build_config_uri": 18,
    "build_config_digest": 19,
    "build_trigger": 20,
    "run_invocation_uri": 21,
    "source_repository_visibility": 22,
}
"""The last part of each claim's object identifier."""

_UTF8_STRING = 0x0C


def load_certificate(der: bytes) -> Certificate:
    """The certificate, read as far as identities need it. Raises Malformed."""
    try:
        certificate = load_der_x509_certificate(der)
        certificate.public_key()
        _ = certificate.extensions
    except Exception as error:  # InvalidVersion, UnsupportedAlgorithm and others that share no base
        raise Malformed("Its certificate can't be read.") from error
    return certificate


def issuer(certificate: Certificate) -> str | None:
    """Who has told Fulcio who signs: the OpenID Connect issuer."""
    own = _claim(certificate, _ISSUER)
    if own is not None:
        return told(own)
    first = _extension(certificate, _ISSUER_V1)
    return None if first is None else told(_text(first))


def subject(certificate: Certificate) -> str | None:
    """Who signs: the one subject alternative name, a URI or an e-mail address. None unless there is exactly one."""
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return None
    if len(names) != 1:
        return None
    match names[0]:
        case x509.UniformResourceIdentifier(value=value) | x509.RFC822Name(value=value):
            return told(value)
        case x509.OtherName(type_id=kind, value=der) if kind == _OTHER_NAME:
            return told(_utf8_string(der))
    return None


def claim(certificate: Certificate, name: str) -> str | None:
    """The claim of this name, None where the certificate does not have it."""
    return _claim(certificate, ObjectIdentifier(f"{_ARC}{CLAIMS[name]}"))


def _claim(certificate: Certificate, identifier: ObjectIdentifier) -> str | None:
    der = _extension(certificate, identifier)
    return None if der is None else _utf8_string(der)


def _extension(certificate: Certificate, identifier: ObjectIdentifier) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_oid(identifier).value
    except x509.ExtensionNotFound:
        return None
    return found.value if isinstance(found, x509.UnrecognizedExtension) else None


def _utf8_string(der: bytes) -> str:
    """The text of a DER UTF8String, which is all that `der` may hold. Raises Malformed."""
    if len(der) < 2 or der[0] != _UTF8_STRING:
        raise Malformed("An extension of its certificate can't be read.")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if start + length != len(der):
        raise Malformed("An extension of its certificate can't be read.")
    return _text(der[start:])


def _text(encoded: bytes) -> str:
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("An extension of its certificate can't be read.") from error
