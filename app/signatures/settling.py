"""Settling: has signatures judged by policies that are new or have changed, and brings packages' trust up to date."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, text, update

from app.database import Database
from app.packages.models import Package
from app.signatures import trust
from app.signatures.models import Signature
from app.signatures.policy_store import FieldsRow, PolicyStore
from app.signatures.store import SignatureStore, keep_verdicts
from app.signatures.verdicts import Judgement, PolicyRow, PolicyVerdict, judged, signed_package
from app.trust.formats import SignatureFile, read_signature
from app.trust.strict_json import Malformed

BATCH = 500
"""Packages that are settled in one transaction."""

AT_ONCE = 10.0
"""Seconds of judging before a policy's PUT is answered; what is left then is pending, and done in the background."""

IN_MEMORY = 16
"""Signatures that are read at a time: 4 MiB."""

BACKGROUND_SECONDS = 60.0
"""Seconds of judging of one background run."""

SETTLE_LOCK = 0x736574746C65

_OPEN = text(
    f"""
    SELECT s.id FROM signatures s JOIN packages p ON p.id = s.package_id
    WHERE p.id = ANY(:ids) AND EXISTS (
        SELECT FROM policies po WHERE {trust.MATCHES} AND NOT EXISTS (
            SELECT FROM signature_verdicts v
            WHERE v.signature_id = s.id AND v.policy_id = po.id AND v.revision = po.revision
        )
    ) ORDER BY s.id
    """  # noqa: S608 - made of constants
)


class Settler:
    """Brings verdicts, and what they come to, up to date."""

    def __init__(self, policies: PolicyStore, signatures: SignatureStore) -> None:
        self.policies = policies
        self.signatures = signatures
        self.database: Database = policies.database

    def settle(self, policy: FieldsRow, seconds: float = AT_ONCE) -> None:
        """Give all packages that the policy matches or has matched its present state.

        After `seconds` no more signatures are judged: the packages of those that are left are pending.
        """
        until = time.monotonic() + seconds
        for ids in self.policies.matching(policy.unsettled or (), BATCH):
            self.judge_open(ids, until)
            self.settle_packages(ids)
        self.policies.mark_settled(policy)

    def run(self) -> int:
        """Finish what policies' changes have left: in the background. How many packages were looked at."""
        until = time.monotonic() + BACKGROUND_SECONDS
        for policy in self.policies.unsettled():
            self.settle(policy, until - time.monotonic())
        looked_at = 0
        while time.monotonic() < until and (ids := self._pending()):
            self.judge_open(ids, until)
            self.settle_packages(ids)
            looked_at += len(ids)
        return looked_at

    def has_work(self) -> bool:
        """Whether there is something for `run` to do."""
        return bool(self.policies.unsettled() or self._pending())

    def judge_open(self, package_ids: Sequence[int], until: float) -> None:
        """Judge the packages' signatures that some policy has no verdict on, until the clock shows `until`."""
        with self.database.reading() as connection:
            ids = connection.scalars(_OPEN, {"ids": list(package_ids)}).all()
        for chunk in _chunks(ids):
            if time.monotonic() >= until:
                return
            for signature in self.read(chunk):
                if time.monotonic() >= until:
                    return
                self.keep(signature.id, self.judgement(signature))

    def read(self, signature_ids: Sequence[int]) -> Sequence[Any]:
        """Signatures with all their columns, beside the fields of their packages."""
        facts = (Package.name, Package.version, Package.platform, Package.arch, Package.file_name, Package.checksum)
        statement = select(*Signature.__table__.columns, *facts).join(Package, Package.id == Signature.package_id)
        with self.database.reading() as connection:
            return connection.execute(statement.where(Signature.id.in_(signature_ids)).order_by(Signature.id)).all()

    def judgement(self, signature: Any, also: Sequence[int] = ()) -> Judgement:
        """What a signature that was read is to the policies of now that match, and to those of the ids `also`."""
        package = signed_package(signature)
        policies = self.signatures.policies_for(package.name, also)
        file = file_of(signature)
        if file is None:
            return Judgement([_nobody(policy) for policy in policies])
        return judged(file, package, policies, signature.created_at)

    def keep(self, signature_id: int, judgement: Judgement) -> None:
        """Keep the verdicts."""
        with self.database.writing() as connection:
            there = select(Signature.id).where(Signature.id == signature_id).with_for_update(key_share=True)
            if connection.scalar(there) is None:
                return
            keep_verdicts(connection, signature_id, judgement)
            if judgement.signed_at is not None:
                unknown = update(Signature).where(Signature.id == signature_id, Signature.signed_at.is_(None))
                connection.execute(unknown.values(signed_at=judgement.signed_at))

    def settle_packages(self, package_ids: Sequence[int]) -> Sequence[int]:
        """Bring the packages' rows up to date; returns those that have changed."""
        with self.database.writing() as connection:
            return trust.settle(connection, trust.hold(connection, package_ids))

    def _pending(self) -> Sequence[int]:
        pending = select(Package.id).where(Package.trust == "pending").limit(BATCH)
        with self.database.reading() as connection:
            return connection.scalars(pending).all()


def file_of(signature: Any) -> SignatureFile | None:
    """The signature as its bytes say; None for what a former version has kept, or somebody has written, and is none."""
    try:
        return read_signature(bytes(signature.content), signature.checksum, may_be_raw=True)
    except Malformed:
        return None


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (ids[start : start + IN_MEMORY] for start in range(0, len(ids), IN_MEMORY))


def _nobody(policy: PolicyRow) -> PolicyVerdict:
    return PolicyVerdict(policy.id, policy.revision, [])
