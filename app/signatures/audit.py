"""Audit of signatures: everything is judged anew from the bytes, and compared with what the rows say.

It shows what a writer of the database has changed, and what another version of the library judges otherwise.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, text

from app.packages.models import Package
from app.signatures import trust
from app.signatures.models import Signature, SignatureVerdict
from app.signatures.settling import BATCH, IN_MEMORY, Settler

_WRONG = text(
    f"""
    SELECT p.id, p.name, p.version, p.platform, p.arch, p.trust, p.blocked, settled.trust AS right_trust,
        settled.blocked AS right_blocked
    FROM packages p JOIN ({trust.SETTLED}) AS settled ON settled.id = p.id
    WHERE (p.trust, p.blocked) IS DISTINCT FROM (settled.trust, settled.blocked) ORDER BY p.id
    """  # noqa: S608 - made of constants
)


class SignatureAudit:
    """Judges all anew; each difference is told, and put right."""

    def __init__(self, settler: Settler) -> None:
        self._settler = settler
        self._database = settler.database

    def run(self) -> Iterator[dict[str, Any]]:
        """Each difference as an event. Raises DatabaseUnavailable."""
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
        if hashlib.sha256(bytes(signature.content)).hexdigest() != signature.digest:
            yield {"event": "other bytes", **named}
        judgement = self._settler.judgement(signature)
        right = {each.policy_id: (each.revision, set(each.signers)) for each in judgement.verdicts}
        with self._database.reading() as connection:
            kept = connection.execute(select(SignatureVerdict).where(SignatureVerdict.signature_id == signature.id))
            differing = [
                row.policy_id
                for row in kept
                if row.policy_id in right
                and row.revision == right[row.policy_id][0]
                and set(row.signers) != right[row.policy_id][1]
            ]
        for policy_id in differing:
            yield {"event": "another verdict", **named, "policy_id": policy_id, "signers": sorted(right[policy_id][1])}
        self._settler.keep(signature.id, judgement)

    def _packages(self, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        with self._database.reading() as connection:
            wrong = connection.execute(_WRONG, {"ids": list(ids)}).mappings().all()
        for row in wrong:
            yield {"event": "another trust", **row}
        if wrong:
            self._settler.settle_packages([row["id"] for row in wrong])
