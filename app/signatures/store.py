"""Transactions on signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from app.database import Database
from app.errors import PackageNotFound, SignatureNotFound, TooManySignatures
from app.signatures import trust
from app.signatures.carrying import counts
from app.signatures.models import MAX_SIGNATURES, Policy, Signature, SignatureVerdict
from app.signatures.verdicts import Judgement, PolicyRow
from app.trust.formats import SignatureFile

SignatureRow = Row[Any]
"""A signature without its bytes, with `size` and `verified_by`."""

_UNSHOWN = ("content",)
_VERIFIED_BY = """
    coalesce((
        SELECT array_agg(po.name || '/' || signer ORDER BY po.name, signer)
        FROM signature_verdicts v JOIN policies po ON po.id = v.policy_id AND po.revision = v.revision,
             unnest(v.signers) AS signer
        WHERE v.signature_id = signatures.id AND po.mode <> 'off'
          AND (SELECT p.name FROM packages p WHERE p.id = signatures.package_id) COLLATE "C" LIKE ANY (po.name_patterns)
    ), '{}')
"""


@dataclass(frozen=True, slots=True)
class NewSignature:
    """A signature file as it is to be kept."""

    file: SignatureFile
    digest: str
    judgement: Judgement
    created_by: str


class SignatureStore:
    """Signatures in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def listed(self, package_id: int) -> Sequence[SignatureRow]:
        """The package's signatures, the oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(_shown().where(Signature.package_id == package_id).order_by(Signature.id))
            return rows.all()

    def listed_of(self, package_ids: Sequence[int]) -> dict[int, list[SignatureRow]]:
        """The signatures of each of these packages that has some, the oldest first."""
        found: dict[int, list[SignatureRow]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(_shown().where(Signature.package_id.in_(package_ids)).order_by(Signature.id)):
                found.setdefault(row.package_id, []).append(row)
        return found

    def get(self, package_id: int, digest: str) -> Row[Any]:
        """One of them with its bytes. Raises SignatureNotFound."""
        return self._one(Signature.package_id == package_id, Signature.digest == digest)

    def carried(self, package_id: int, format_: str) -> Row[Any]:
        """The one of this format that an offer would carry: the oldest that counts, without a policy the oldest.

        Where none counts, the oldest. Raises SignatureNotFound.
        """
        return self._one(Signature.package_id == package_id, Signature.format == format_)

    def _one(self, *conditions: ColumnElement[bool]) -> Row[Any]:
        statement = (
            _shown(Signature.content)
            .where(*conditions)
            .order_by(text(f"{counts('signatures')} DESC"), Signature.id)
            .limit(1)
        )
        with self.database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise SignatureNotFound
        return row

    def contents(self, package_id: int) -> Sequence[Row[Any]]:
        """The package's signatures as they came: `content` and `created_at`."""
        columns: tuple[Any, ...] = (Signature.content, Signature.created_at)
        statement = select(*columns).where(Signature.package_id == package_id)
        with self.database.reading() as connection:
            return connection.execute(statement.order_by(Signature.id)).all()

    def policies_for(self, name: str, also: Sequence[int] = ()) -> Sequence[PolicyRow]:
        """The policies that match a package's name, those that are off included, and those of the ids `also`."""
        matches = text("""CAST(:name AS text) COLLATE "C" LIKE ANY (name_patterns)""").bindparams(name=name)
        statement = select(Policy.id, Policy.revision, Policy.signers).where(or_(matches, Policy.id.in_(also)))
        with self.database.reading() as connection:
            return connection.execute(statement).all()

    def add(self, package_id: int, new: NewSignature) -> tuple[SignatureRow, bool]:
        """Keep a signature, and bring its package's trust up to date in the same commit; whether it is new.

        Raises PackageNotFound, TooManySignatures.
        """
        with self.database.writing() as connection:
            if not trust.hold(connection, [package_id]):
                raise PackageNotFound
            created = insert_signature(connection, package_id, new)
            if created:
                trust.settle(connection, [package_id])
            statement = _shown().where(Signature.package_id == package_id, Signature.digest == new.digest)
            return connection.execute(statement).one(), created

    def add_all(self, package_id: int, signatures: Sequence[NewSignature]) -> None:
        """Keep several, all or none. Raises PackageNotFound, TooManySignatures."""
        with self.database.writing() as connection:
            if not trust.hold(connection, [package_id]):
                raise PackageNotFound
            insert_all(connection, package_id, signatures)

    def delete(self, package_id: int, digest: str) -> None:
        """Remove a signature, and bring its package's trust up to date. Raises SignatureNotFound."""
        with self.database.writing() as connection:
            trust.hold(connection, [package_id])
            gone = delete(Signature).where(Signature.package_id == package_id, Signature.digest == digest)
            if not connection.execute(gone).rowcount:
                raise SignatureNotFound
            trust.settle(connection, [package_id])


def insert_all(connection: Connection, package_id: int, signatures: Sequence[NewSignature]) -> None:
    """Keep the signatures of a package that this transaction holds or has made. Raises TooManySignatures."""
    for each in signatures:
        insert_signature(connection, package_id, each)
    trust.settle(connection, [package_id])


def insert_signature(connection: Connection, package_id: int, new: NewSignature) -> bool:
    """Whether it is new. Raises TooManySignatures."""
    has = select(func.count(), func.count().filter(Signature.digest == new.digest))
    count, same = connection.execute(has.where(Signature.package_id == package_id)).one()
    if same:
        return False
    if count >= MAX_SIGNATURES:
        raise TooManySignatures
    file = new.file
    names = ("format", "content", "issuer", "subject", "key_id", "predicate_type")
    values = {name: getattr(file, name) for name in names} | {"signed_at": new.judgement.signed_at}
    statement = insert(Signature).values(package_id=package_id, digest=new.digest, created_by=new.created_by, **values)
    signature_id = connection.scalars(statement.returning(Signature.id)).one()
    keep_verdicts(connection, signature_id, new.judgement)
    return True


def keep_verdicts(connection: Connection, signature_id: int, judgement: Judgement) -> None:
    """Keep what a signature is to policies; those that are gone meanwhile are left out."""
    there = connection.scalars(
        select(Policy.id)
        .where(Policy.id.in_([verdict.policy_id for verdict in judgement.verdicts]))
        .order_by(Policy.id)
        .with_for_update(read=True, key_share=True)
    ).all()
    rows = [
        {"signature_id": signature_id, "policy_id": each.policy_id, "revision": each.revision, "signers": each.signers}
        for each in judgement.verdicts
        if each.policy_id in there
    ]
    if rows:
        statement = insert(SignatureVerdict).values(rows)
        changes = {name: statement.excluded[name] for name in ("revision", "signers")}
        newer = SignatureVerdict.revision <= statement.excluded.revision
        keys = [SignatureVerdict.signature_id, SignatureVerdict.policy_id]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes, where=newer))


def _shown(*more: Any) -> Select[Any]:
    columns = [column for column in Signature.__table__.columns if column.name not in _UNSHOWN]
    size = func.octet_length(Signature.content).label("size")
    return select(*columns, size, text(f"{_VERIFIED_BY} AS verified_by"), *more)
