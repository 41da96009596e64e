"""Releases: all packages of one name and version, changed or removed in one transaction, or none of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from app.database import Database
from app.errors import ReleaseNotFound
from app.objects.ledger import transition
from app.packages.models import Package
from app.packages.store import COLUMNS, BeforeActivation, PackageEdit, PackageRow, RefuseDelete


class ReleaseStore:
    """Releases in PostgreSQL. Every method may raise DatabaseUnavailable, and ReleaseNotFound where there is none."""

    def __init__(
        self,
        database: Database,
        refuse_delete: RefuseDelete = lambda *_: None,
        before_activation: BeforeActivation = lambda *_: None,
    ) -> None:
        self.database = database
        self.refuse_delete = refuse_delete
        self.before_activation = before_activation

    def insist(self, name: str, version: str) -> None:
        """Return if there is a package of this name and version."""
        with self.database.reading() as connection:
            _existing(connection.scalars(select(Package.id).where(*_members(name, version)).limit(1)).all())

    def edit(self, name: str, version: str, edit: PackageEdit) -> Sequence[PackageRow]:
        """Change the given fields of all its packages; they as they are then, the oldest first."""
        with self.database.writing() as connection:
            members = _locked(connection, name, version)
            if edit.is_active:
                self.before_activation(connection, name)
            statement = (
                update(Package)
                .where(Package.id.in_(members))
                .values(**edit.changes, updated_at=func.now())
                .returning(*COLUMNS)
            )
            return sorted(connection.execute(statement).all(), key=lambda row: (row.created_at, row.id))

    def delete(self, name: str, version: str) -> Sequence[str]:
        """Remove all its packages and doom their objects in one commit; returns the objects' keys.

        Raises what `refuse_delete` raises.
        """
        with self.database.writing() as connection:
            packages = Package.id.in_(_locked(connection, name, version))
            keys = connection.scalars(delete(Package).where(packages).returning(Package.object_key)).all()
            self.refuse_delete(connection, name, version)
            for key in keys:
                transition(connection, key, "live", "doomed")
            return keys


def _members(name: str, version: str) -> tuple[ColumnElement[bool], ...]:
    return Package.name == name, Package.version == version


def _locked(connection: Connection, name: str, version: str) -> Sequence[int]:
    """The ids of the packages, locked in one order: of two that change a release at once, the second waits."""
    ids = select(Package.id).where(*_members(name, version)).order_by(Package.id).with_for_update()
    return _existing(connection.scalars(ids).all())


def _existing(ids: Sequence[int]) -> Sequence[int]:
    if not ids:
        raise ReleaseNotFound
    return ids
