"""Signers of a policy: who may have signed, and whether a signature is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.x509 import Certificate

from app.trust import certificates
from app.trust.formats import ATTESTATION, RAW, SIGSTORE, SignatureFile
from app.trust.globs import matches, matches_filled
from app.trust.keys import load_key, signs_digest, signs_message, spellings
from app.trust.sigstore_bundles import NotVerified, Proven, verify_bundle
from app.trust.sigstore_root import PUBLIC, read_root
from app.trust.strict_json import Malformed


@dataclass(frozen=True, slots=True)
class SignedPackage:
    """What of a package its signatures are compared with; `checksum` is the SHA-256 in hex."""

    name: str
    version: str
    platform: str
    arch: str
    file_name: str
    checksum: str

    @property
    def facts(self) -> dict[str, str]:
        """What placeholders stand for."""
        version = self.version.removeprefix("v")
        own = {"name": self.name, "platform": self.platform, "arch": self.arch, "file_name": self.file_name}
        return {**own, "version": version}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a signer accepts a signature, and when that was proven to be made, None where nothing proves it."""

    accepted: bool
    signed_at: datetime | None = None


REFUSED = Verdict(accepted=False)


def judge(signer: Mapping[str, Any], file: SignatureFile, package: SignedPackage, created_at: datetime) -> Verdict:
    """Whether `signer`, as a policy keeps it, accepts the signature that came at `created_at`. Never raises."""
    try:
        proven = _proven(signer, file, package)
    except (NotVerified, Malformed):
        return REFUSED
    if proven is None:
        return REFUSED
    signed_at, predicate_type = proven
    if "predicate_type" in signer and not matches(signer["predicate_type"], predicate_type or ""):
        return REFUSED
    until = signer.get("until")
    if until is not None and (signed_at or created_at) > datetime.fromisoformat(until):
        return REFUSED
    return Verdict(accepted=True, signed_at=signed_at)


def _proven(
    signer: Mapping[str, Any], file: SignatureFile, package: SignedPackage
) -> tuple[datetime | None, str | None] | None:
    """When it was signed and the type of its predicate, None where it is not the signer's. Raises NotVerified."""
    if signer["kind"] == "sigstore":
        if file.certificate is None or not file.is_bundle:
            return None
        proven = prove(signer, file, package)
        return proven.signed_at, proven.predicate_type
    return (None, file.predicate_type) if is_by_key(signer["key"], file, package.checksum) else None


def prove(signer: Mapping[str, Any], file: SignatureFile, package: SignedPackage) -> Proven:
    """What a bundle proves by the signer's root, if it is the signer's. Raises NotVerified."""

    def accepts(certificate: Certificate) -> bool:
        claims = (signer.get("claims") or {}).items()
        wanted = [(glob, certificates.claim(certificate, name)) for name, glob in claims]
        wanted.append((signer["subject"], certificates.subject(certificate)))
        named = all(said is not None and matches_filled(glob, package.facts, said) for glob, said in wanted)
        return named and certificates.issuer(certificate) == signer["issuer"]

    return verify_bundle(file, package.checksum, read_root(signer.get("root", PUBLIC)), accepts)


def proven_by_public_root(file: SignatureFile, checksum: str) -> datetime | None:
    """When a bundle was signed, by whomever, as the public Sigstore proves it; None where it does not."""
    if file.certificate is None or not file.is_bundle:
        return None
    try:
        return verify_bundle(file, checksum, read_root(PUBLIC), lambda _: True).signed_at
    except NotVerified:
        return None


def is_by_key(pem: str, file: SignatureFile, checksum: str) -> bool:
    """Whether the key in `pem` has made the signature: a bundle without a certificate, a bare envelope, or raw."""
    key, digest = load_key(pem), bytes.fromhex(checksum)
    if file.certificate is not None:
        return False
    if file.format == ATTESTATION and file.envelope is not None:
        message = file.envelope.message
        return any(signs_message(key, signature, message) for signature in file.envelope.signatures)
    if file.format == SIGSTORE:
        return bool(signs_digest(key, file.signature, digest))
    return file.format == RAW and any(signs_digest(key, spelling, digest) for spelling in spellings(file.content))
