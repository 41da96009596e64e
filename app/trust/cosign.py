"""Cosign's short form of a keyless signature, as the OpAMP supervisor's first verifier reads it."""

import base64

from cryptography.hazmat.primitives.serialization import Encoding

from app.trust.certificates import load_certificate
from app.trust.strict_json import decoded, loads, member


def short_form(bundle: bytes) -> bytes:
    """`BASE64(PEM certificate) BASE64(signature)` out of a bundle with both. Raises Malformed."""
    value = loads(bundle)
    material = member(value, "verificationMaterial")
    der = member(material, "certificate", "rawBytes") or member(
        material, "x509CertificateChain", "certificates", 0, "rawBytes"
    )
    certificate = load_certificate(decoded(der, "Its certificate")).public_bytes(Encoding.PEM)
    signature = decoded(member(value, "messageSignature", "signature"), "Its signature")
    return base64.b64encode(certificate) + b" " + base64.b64encode(signature)
