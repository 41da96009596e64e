"""Verification of Sigstore bundles that have a certificate: chain, SCT, log entry, proven time, signature. Offline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.x509 import Certificate

from app.trust.envelopes import PAYLOAD_TYPE, read_statement
from app.trust.formats import ATTESTATION, SignatureFile
from app.trust.sigstore_root import root_at, verifier

if TYPE_CHECKING:
    from sigstore.models import Bundle
    from sigstore.verify import Verifier

IdentityCheck = Callable[[Certificate], bool]


class NotVerified(Exception):
    """The bundle does not hold by this root."""


@dataclass(frozen=True, slots=True)
class _Identity:
    """A policy as sigstore asks for one."""

    accepts: IdentityCheck

    def verify(self, cert: Certificate) -> None:
        """Raises NotVerified unless the certificate is of a signer that is wanted."""
        if not self.accepts(cert):
            raise NotVerified("another signer")


@dataclass(frozen=True, slots=True)
class Proven:
    """What a bundle proves: when it was signed, at the latest; and of an attestation the type of its predicate."""

    signed_at: datetime
    predicate_type: str | None = None


def verify_bundle(file: SignatureFile, checksum: str, root: dict[str, Any], accepts: IdentityCheck) -> Proven:
    """What the bundle proves of the package with this SHA-256 in hex.

    What counts is what sigstore reads in it, certificate and statement included: never our own reading of the same
    JSON. Raises NotVerified.
    """
    try:
        return _verified(file, checksum, root, accepts)
    except NotVerified:
        raise
    except Exception as error:  # sigstore lets ValueError, binascii.Error and others through: none of it is trust
        raise NotVerified(str(error)) from error


def _verified(file: SignatureFile, checksum: str, root: dict[str, Any], accepts: IdentityCheck) -> Proven:
    from sigstore.hashes import Hashed  # noqa: PLC0415 - see app.trust.sigstore_root
    from sigstore.models import Bundle  # noqa: PLC0415
    from sigstore_models.common.v1 import HashAlgorithm  # noqa: PLC0415

    bundle, identity = Bundle.from_json(file.content), _Identity(accepts)
    identity.verify(bundle.signing_certificate)  # first of all: it is what differs most often, and costs least
    then = verifier(root_at(root, claimed_times(bundle)))
    if file.format == ATTESTATION:
        kind, payload = then.verify_dsse(bundle, identity)
        statement = read_statement(payload)
        if kind != PAYLOAD_TYPE or checksum not in statement.digests:
            raise NotVerified("about other files")
        return Proven(proven_time(then, bundle), statement.predicate_type)
    hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(checksum))
    then.verify_artifact(hashed, bundle, identity)
    return Proven(proven_time(then, bundle))


def claimed_times(bundle: "Bundle") -> list[datetime]:
    """All times that the bundle says it was signed at, proven or not.

    The root is cut by all of them: one that is made up can only take something away from it.
    """
    entry = bundle.log_entry._inner  # noqa: SLF001 - the version is pinned, and there is no public way
    times = []
    if entry.integrated_time and entry.inclusion_promise:
        times.append(datetime.fromtimestamp(entry.integrated_time, UTC))
    stamps = bundle.verification_material.timestamp_verification_data
    times += [stamp.tst_info.gen_time for stamp in (stamps.rfc3161_timestamps if stamps else ())]
    return times


def proven_time(by: "Verifier", bundle: "Bundle") -> datetime:
    """The latest time that a log or timestamp authority has proven. Only of a bundle that was verified."""
    established = by._establish_time(bundle)  # noqa: SLF001 - the version is pinned, and there is no public way
    return max(result.time for result in established)
