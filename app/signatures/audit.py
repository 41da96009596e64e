"""Audit of signatures: everything is judged anew from the bytes, and compared with what the rows say.

It shows what a writer of the database has changed, and what another version of the library judges otherwise.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, text, update

from app.packages.models import Package
from app.signatures import trust
from app.signatures.models import Policy, Signature, SignatureVerdict
from app.signatures.settling import BATCH, IN_MEMORY, Settler, file_of
from app.signatures.verdicts import Judgement, PolicyVerdict
from app.trust.formats import SignatureFile

_WRONG = text(
    f"""
    SELECT p.id, p.name, p.version, p.platform, p.arch, p.trust, p.blocked, settled.trust AS right_trust,
        settled.blocked AS right_blocked
    FROM packages p JOIN ({trust.SETTLED}) AS settled ON settled.id = p.id
    WHERE (p.trust, p.blocked) IS DISTINCT FROM (settled.trust, settled.blocked) ORDER BY p.id
    """  # noqa: S608 - made of constants
)


_TOLD = ("format", "issuer", "subject", "key_id", "predicate_type")
"""Columns of a signature that its bytes say."""


class SignatureAudit:
    """Judges all anew; each difference is told, and put right."""

    def __init__(self, settler: Settler) -> None:
        self._settler = settler
        self._database = settler.database

    def run(self) -> Iterator[dict[str, Any]]:
        """Each difference as an event. Raises DatabaseUnavailable."""
        for policy in self._settler.policies.mend_patterns():
            yield {"event": "other name patterns", "policy": policy}
        for ids in self._ids(Signature.id, IN_MEMORY):
            for signature in self._settler.read(ids):
                yield from self._signature(signature)
        for ids in self._ids(Package.id, BATCH):
            yield from self._packages(ids)

    def _ids(self, column: Any, batch: int) -> Iterator[Sequence[int]]:
        after = 0
        while True:
            with self._database.reading() as connection:
                ids = connection.scalars(select(column).where(column > after).order_by(column).limit(batch)).all()
            if not ids:
                return
            yield ids
            after = ids[-1]

    def _signature(self, signature: Any) -> Iterator[dict[str, Any]]:
        named = {"package_id": signature.package_id, "digest": signature.digest}
        kept = self._kept(signature.id)
        # A verdict on a policy that does not match the name would count once its globs do.
        judgement = self._settler.judgement(signature, [row.policy_id for row in kept])
        if hashlib.sha256(bytes(signature.content)).hexdigest() != signature.digest:
            yield {"event": "other bytes", **named}
        else:
            file, was_judged = file_of(signature), _is_complete(kept, judgement)
            right = {} if file is None else _right_columns(signature, file, judgement, was_judged=was_judged)
            if right:
                yield {"event": "other columns", **named, "columns": sorted(right)}
                self._write(update(Signature).where(Signature.id == signature.id).values(**right))
        for verdict in judgement.verdicts:
            if any(_contradicts(row, verdict) for row in kept):
                signers = sorted(verdict.signers)
                yield {"event": "another verdict", **named, "policy_id": verdict.policy_id, "signers": signers}
        # A verdict of a revision that is still to come would count once the policy gets there.
        early = [row.policy_id for row in kept if row.revision > row.present]
        if early:
            its = SignatureVerdict.signature_id == signature.id
            self._write(delete(SignatureVerdict).where(its, SignatureVerdict.policy_id.in_(early)))
        self._settler.keep(signature.id, judgement)

    def _kept(self, signature_id: int) -> Sequence[Row[Any]]:
        """The verdicts of a signature, each with its policy's `present` revision."""
        columns: tuple[Any, ...] = (*SignatureVerdict.__table__.columns, Policy.revision.label("present"))
        statement = select(*columns).join(Policy, Policy.id == SignatureVerdict.policy_id)
        with self._database.reading() as connection:
            return connection.execute(statement.where(SignatureVerdict.signature_id == signature_id)).all()

    def _write(self, statement: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(statement)

    def _packages(self, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        with self._database.reading() as connection:
            wrong = connection.execute(_WRONG, {"ids": list(ids)}).mappings().all()
        for row in wrong:
            yield {"event": "another trust", **row}
        if wrong:
            self._settler.settle_packages([row["id"] for row in wrong])


def _contradicts(kept: Row[Any], verdict: PolicyVerdict) -> bool:
    """Whether a row says otherwise than the verdict that was just made, or claims to be of a later revision."""
    if kept.policy_id != verdict.policy_id:
        return False
    differs = kept.revision == verdict.revision and set(kept.signers) != set(verdict.signers)
    return differs or bool(kept.revision > kept.present)


def _is_complete(kept: Sequence[Row[Any]], judgement: Judgement) -> bool:
    """Whether nothing of the judgement was still to be made."""
    return {(each.policy_id, each.revision) for each in judgement.verdicts} <= {
        (row.policy_id, row.revision) for row in kept
    }


def _right_columns(signature: Any, file: SignatureFile, judgement: Judgement, *, was_judged: bool) -> dict[str, Any]:
    """The columns that say otherwise than the bytes, as they should be."""
    right = {name: getattr(file, name) for name in _TOLD if getattr(signature, name) != getattr(file, name)}
    if not _is_right_time(signature.signed_at, file, judgement, was_judged=was_judged):
        right["signed_at"] = judgement.signed_at
    return right


def _is_right_time(signed_at: datetime | None, file: SignatureFile, judgement: Judgement, *, was_judged: bool) -> bool:
    if signed_at is None:
        return not (judgement.times and was_judged)
    if judgement.times:
        return signed_at in judgement.times
    # Of a root that no policy has any more: proven once, and then within the certificate's few minutes.
    leaf = file.certificate if file.is_bundle else None
    return leaf is not None and leaf.not_valid_before_utc <= signed_at <= leaf.not_valid_after_utc
