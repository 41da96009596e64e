"""Verdicts: which signers of which policies accept a signature."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.packages.store import NewPackage, PackageRow
from app.trust.formats import SignatureFile
from app.trust.signers import SignedPackage, judge, proven_by_public_root

PolicyRow = Any
"""A row with `id`, `revision` and `signers` of a policy."""


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """The signers of one policy, in one of its revisions, that accept a signature."""

    policy_id: int
    revision: int
    signers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a signature is to all policies that were asked; `times`: when it was made, as each root that does proves."""

    verdicts: Sequence[PolicyVerdict]
    times: Sequence[datetime] = ()

    @property
    def signed_at(self) -> datetime | None:
        """When it was made, None where nothing proves it."""
        return self.times[0] if self.times else None


def signed_package(package: PackageRow) -> SignedPackage:
    """The package as signers compare it."""
    names = ("name", "version", "platform", "arch", "file_name", "checksum")
    return SignedPackage(*(getattr(package, name) for name in names))


def signed_new_package(package: NewPackage) -> SignedPackage:
    """The same of one that is about to be published."""
    at = package.coordinates
    return SignedPackage(at.name, at.version, at.platform, at.arch, package.file_name, package.checksum)


def judged(
    file: SignatureFile, package: SignedPackage, policies: Iterable[PolicyRow], created_at: datetime
) -> Judgement:
    """What `file`, which came at `created_at`, is to each of the policies. It takes some milliseconds a signer."""
    verdicts: list[PolicyVerdict] = []
    times: list[datetime | None] = []
    for policy in policies:
        accepting = accepted_by(policy.signers, file, package, created_at)
        verdicts.append(PolicyVerdict(policy.id, policy.revision, list(accepting)))
        times += accepting.values()
    if not any(times):
        times = [proven_by_public_root(file, package.checksum)]
    return Judgement(verdicts, [moment for moment in times if moment is not None])


def accepted_by(
    signers: Sequence[Mapping[str, Any]], file: SignatureFile, package: SignedPackage, created_at: datetime
) -> dict[str, datetime | None]:
    """The names of the signers that accept it, each with the time that its root proves."""
    judgements = {signer["name"]: judge(signer, file, package, created_at) for signer in signers}
    return {name: verdict.signed_at for name, verdict in judgements.items() if verdict.accepted}
