"""Packages and signers that tests of trust speak of."""

import hashlib
from typing import Any

from app.trust.signers import SignedPackage
from tests.trust.sigstore import ISSUER, Sigstore

CONTENT = b"the bytes of an agent"
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


def package(**fields: str) -> SignedPackage:
    """A package with CONTENT."""
    own = {"name": "agent", "version": "1.2.3", "platform": "linux", "arch": "amd64", "file_name": "agent.tar.gz"}
    return SignedPackage(**{**own, "checksum": CHECKSUM, **fields})


def keyless(sigstore: Sigstore, **fields: Any) -> dict[str, Any]:
    """A signer whose workflow signs the package's own version, by this Sigstore."""
    subject = "https://github.com/acme/*/.github/workflows/*@refs/tags/v{version}"
    own = {"name": "release", "kind": "sigstore", "issuer": ISSUER, "subject": subject, "root": sigstore.root()}
    return {**own, **fields}
