"""Public keys in PEM, and what they verify: ECDSA P-256, RSA PKCS #1 v1.5 and Ed25519, with SHA-256."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_public_key

RSA_BITS = range(2048, 8193)

CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
"""The hash that a certificate's key signs a message with, by its curve."""

Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class UnusableKey(ValueError):
    """Not a key that a signer may have; the message says why."""


def load_key(pem: str) -> Key:
    """The public key. Raises UnusableKey if it can't be read, or is too weak or of another kind."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("Must be a public key in PEM (-----BEGIN PUBLIC KEY-----).") from error
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise UnusableKey("Must be ECDSA P-256, RSA of 2048 to 8192 bits, or Ed25519.")


def signs_digest(key: PublicKeyTypes, signature: bytes, digest: bytes) -> bool | None:
    """Whether `signature` is `key`'s over the SHA-256 `digest`; None for a key that signs no digests."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        else:
            return None
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def signs_message(key: PublicKeyTypes, signature: bytes, message: bytes) -> bool | None:
    """Whether `signature` is `key`'s over `message`; None for a key of another kind."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVE_HASHES:
            key.verify(signature, message, ec.ECDSA(CURVE_HASHES[key.curve.name]))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            return None
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def spellings(content: bytes) -> list[bytes]:
    """A raw signature as it may be meant: as it is, and out of Base64."""
    try:
        return [content, base64.b64decode(b"".join(content.split()), validate=True)]
    except (binascii.Error, ValueError):
        return [content]
