"""Transactions on policies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.database import Database
from app.errors import PolicyNotFound, PreconditionFailed
from app.packages.models import Package
from app.packages.store import COLUMNS as PACKAGE_COLUMNS
from app.signatures import trust
from app.signatures.models import OFF, Policy, Signature
from app.trust.globs import like_pattern

POLICY_LOCK = 0x706F6C696379
"""Held shared by whoever publishes (settle_new_package, in PostgreSQL), alone by whoever changes a policy."""

FieldsRow = Row[Any]
Precondition = Callable[[FieldsRow | None], bool]
"""Whether a policy may be changed that is so, or is not there."""

COLUMNS = tuple(Policy.__table__.columns)

AT_ONCE = 8
"""Policies of a page that are in memory at once: one may be as long as a body of JSON."""

NONE = {"trusted": 0, "untrusted": 0, "pending": 0}
"""The counts of a policy that no package's name fits."""

_COUNTS = text(
    f"""
    WITH named AS (SELECT name, count(*) AS n FROM packages GROUP BY name),
    total AS (
        SELECT po.id, sum(named.n)::bigint AS n FROM policies po
        JOIN named ON named.name COLLATE "C" LIKE ANY (po.name_patterns)
        WHERE po.id = ANY(:ids) GROUP BY po.id
    ),
    signed AS (
        SELECT id, count(*) FILTER (WHERE accepted) AS trusted,
            count(*) FILTER (WHERE NOT accepted AND waits) AS pending
        FROM (
            SELECT po.id, bool_or(coalesce(v.signers <> '{{}}', false)) AS accepted, bool_or(v.signers IS NULL) AS waits
            FROM policies po
            JOIN packages p ON {trust.MATCHES}
            JOIN signatures s ON s.package_id = p.id
            LEFT JOIN signature_verdicts v
                ON v.signature_id = s.id AND v.policy_id = po.id AND v.revision = po.revision
            WHERE po.id = ANY(:ids) GROUP BY po.id, p.id
        ) AS judged GROUP BY id
    )
    SELECT total.id, total.n, coalesce(signed.trusted, 0) AS trusted, coalesce(signed.pending, 0) AS pending
    FROM total LEFT JOIN signed ON signed.id = total.id
    """  # noqa: S608 - made of constants
)

_MATCHING = text(
    """
    SELECT id FROM packages
    WHERE id > :after AND name COLLATE "C" LIKE ANY (CAST(:patterns AS text[])) ORDER BY id LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class PolicyFields:
    """What a policy is to be."""

    description: str
    packages: list[str]
    mode: str
    signers: list[dict[str, Any]]

    @property
    def name_patterns(self) -> list[str]:
        """Its globs for LIKE."""
        return _patterns(self.packages)


class PolicyStore:
    """Policies in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, name: str) -> FieldsRow:
        """The policy. Raises PolicyNotFound."""
        with self.database.reading() as connection:
            row = connection.execute(select(*COLUMNS).where(Policy.name == name)).one_or_none()
        if row is None:
            raise PolicyNotFound
        return row

    def page(self, limit: int, after: str | None) -> AbstractContextManager[Iterator[Sequence[FieldsRow]]]:
        """At most `limit` policies by name, those after `after`, a few at a time."""
        return self.database.batches(_in_order(select(*COLUMNS), limit, after), AT_ONCE)

    def page_ids(self, limit: int, after: str | None) -> Sequence[int]:
        """The ids of these policies."""
        with self.database.reading() as connection:
            return connection.scalars(_in_order(select(Policy.id), limit, after)).all()

    def counts(self, policy_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        """How many packages are trusted, untrusted and pending by each of the policies."""
        with self.database.reading() as connection:
            rows = connection.execute(_COUNTS, {"ids": list(policy_ids)}).all()
        found = {
            row.id: {"trusted": row.trusted, "untrusted": row.n - row.trusted - row.pending, "pending": row.pending}
            for row in rows
        }
        return {each: found.get(each, NONE) for each in policy_ids}

    def put(self, name: str, fields: PolicyFields, allows: Precondition) -> tuple[FieldsRow, bool]:
        """Make the policy what `fields` say; returns it and whether it is new. Packages are to be settled after this.

        From this commit on packages are published by it. Raises PreconditionFailed if `allows` does not.
        """
        with self.database.writing() as connection:
            found = _held(connection, name)
            if not allows(found):
                raise PreconditionFailed
            values = _values(fields, found)
            if found is None:
                created = insert(Policy).values(name=name, **values).returning(*COLUMNS)
                return connection.execute(created).one(), True
            changed = update(Policy).where(Policy.id == found.id).values(**values, updated_at=func.now())
            return connection.execute(changed.returning(*COLUMNS)).one(), False

    def retire(self, name: str, allows: Precondition) -> FieldsRow:
        """Take a policy out of force, as the first step of its removal.

        Raises PolicyNotFound, PreconditionFailed if `allows` does not.
        """
        with self.database.writing() as connection:
            found = _held(connection, name)
            if found is None:
                raise PolicyNotFound
            if not allows(found):
                raise PreconditionFailed
            patterns = sorted({*found.name_patterns, *(found.unsettled or ())})
            statement = update(Policy).where(Policy.id == found.id).values(mode=OFF, unsettled=patterns)
            return connection.execute(statement.returning(*COLUMNS)).one()

    def remove(self, policy: FieldsRow) -> None:
        """Remove a policy that was retired; nothing if it is gone, or was put again."""
        with self.database.writing() as connection:
            same = (Policy.id == policy.id, Policy.mode == OFF, Policy.updated_at == policy.updated_at)
            connection.execute(delete(Policy).where(*same))

    def unsettled(self) -> Sequence[FieldsRow]:
        """The policies that not all packages have the state of yet: whoever changed them did not come to the end."""
        with self.database.reading() as connection:
            return connection.execute(select(*COLUMNS).where(Policy.unsettled.is_not(None))).all()

    def mark_settled(self, policy: FieldsRow) -> None:
        """All packages have the policy's state, unless it was changed meanwhile."""
        with self.database.writing() as connection:
            same = (Policy.id == policy.id, Policy.updated_at == policy.updated_at, Policy.mode == policy.mode)
            connection.execute(update(Policy).where(*same).values(unsettled=None))

    def mend_patterns(self) -> Sequence[str]:
        """Make the patterns of all policies those of their globs; the names of those that had others.

        The packages of both are unsettled then.
        """
        with self.database.writing() as connection:
            _lock(connection)
            policies = connection.execute(select(*COLUMNS).order_by(Policy.name)).all()
            wrong = [policy for policy in policies if policy.name_patterns != _patterns(policy.packages)]
            for policy in wrong:
                right = _patterns(policy.packages)
                unsettled = sorted({*right, *policy.name_patterns, *(policy.unsettled or ())})
                changes = update(Policy).where(Policy.id == policy.id)
                connection.execute(changes.values(name_patterns=right, unsettled=unsettled))
            return [policy.name for policy in wrong]

    def matching(self, patterns: Sequence[str], batch: int) -> Iterator[Sequence[int]]:
        """The ids of the packages whose names match, in batches, in the order of their ids."""
        after = 0
        while True:
            with self.database.reading() as connection:
                asked = {"after": after, "patterns": list(patterns), "limit": batch}
                ids = connection.scalars(_MATCHING, asked).all()
            if not ids:
                return
            yield ids
            after = ids[-1]

    def packages(self, ids: Sequence[int]) -> Sequence[Row[Any]]:
        """The packages, each with `has_signatures`, in the order of their ids."""
        has = select(Signature.id).where(Signature.package_id == Package.id).exists().label("has_signatures")
        columns: tuple[Any, ...] = (*PACKAGE_COLUMNS, has)
        with self.database.reading() as connection:
            return connection.execute(select(*columns).where(Package.id.in_(ids)).order_by(Package.id)).all()


def _in_order(statement: Select[Any], limit: int, after: str | None) -> Select[Any]:
    """Policies by name."""
    statement = statement.order_by(Policy.name).limit(limit)
    return statement if after is None else statement.where(Policy.name > after)


def _values(fields: PolicyFields, found: FieldsRow | None) -> dict[str, Any]:
    """The columns of a policy. Those of its packages that it no longer matches are to be settled, too."""
    before = [] if found is None else [*found.name_patterns, *(found.unsettled or ())]
    is_changed = found is not None and found.signers != fields.signers
    return {
        "description": fields.description,
        "packages": fields.packages,
        "name_patterns": fields.name_patterns,
        "mode": fields.mode,
        "signers": fields.signers,
        "revision": 1 if found is None else found.revision + is_changed,
        "unsettled": sorted({*fields.name_patterns, *before}),
    }


def _patterns(globs: Sequence[str]) -> list[str]:
    """Globs for LIKE."""
    return [like_pattern(glob) for glob in globs]


def _lock(connection: Connection) -> None:
    """Nobody changes a policy until the commit, and nobody publishes."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POLICY_LOCK})


def _held(connection: Connection, name: str) -> FieldsRow | None:
    """The policy, which nobody else changes until the commit, while nobody publishes; None if it is not there."""
    _lock(connection)
    return connection.execute(select(*COLUMNS).where(Policy.name == name)).one_or_none()
