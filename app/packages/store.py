"""The packages table's transactions."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.caller import Caller
from app.accounts.caller_queries import change_with_caller, changing_with_owner, fetch_with_caller, with_owner
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.database import Database, compiled
from app.errors import PackageExists, PackageNotFound, TokenEnded, Unavailable
from app.objects.ledger import make_live, transition
from app.packages.models import Package
from app.packages.settlement import Beside, NothingElse, Settlement
from app.packages.versions import is_prerelease, sort_key
from app.storage.interface import WrittenObject

COLUMNS = tuple(Package.__table__.columns)
"""Every column: a row of them is what handlers and manager know as a package."""

PackageRow = Any
"""A row with those columns as attributes: SQLAlchemy's of what is written, a named tuple of what is read."""

COORDINATES = ("name", "version", "platform", "arch")
BY_ID = compiled(select(*COLUMNS).where(Package.id == bindparam("id")))
BY_COORDINATES = compiled(select(*COLUMNS).where(*(getattr(Package, name) == bindparam(name) for name in COORDINATES)))

BY_ID_AND_CALLER = with_owner(BY_ID)
BY_COORDINATES_AND_CALLER = with_owner(BY_COORDINATES)
MAKE_LIVE = changing_with_owner(compiled(make_live()))

INSERT_TRIES = 3

RefuseDelete = Callable[[Connection, str, str], None]
"""Given the name and version of a package that this transaction deletes; raises if it must stay."""


BeforeActivation = Callable[[Connection, str], None]
"""Given the name of a package that this transaction is about to activate again."""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """What identifies a package; platform and arch are canonical."""

    name: str
    version: str
    platform: str
    arch: str


@dataclass(frozen=True, slots=True)
class NewPackage:
    """A package as it is to be published; `checksum` is the SHA-256 of the bytes received, in hex."""

    coordinates: Coordinates
    file_name: str
    content_type: str
    description: str
    checksum: str
    publisher: Caller


@dataclass(frozen=True, slots=True)
class PackageEdit:
    """What may be changed of a package; None leaves it as it is."""

    description: str | None = None
    is_active: bool | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The columns that are to have another value."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class AlreadyPublished(Exception):
    """Another upload has these coordinates with the same bytes."""

    def __init__(self, package: PackageRow) -> None:
        super().__init__()
        self.package = package


class PackageStore:
    """Packages in PostgreSQL. Rows are plain and stay readable when the connection is given back."""

    def __init__(
        self,
        database: Database,
        refuse_delete: RefuseDelete = lambda *_: None,
        beside: Beside = lambda *_: NothingElse(),
        before_activation: BeforeActivation = lambda *_: None,
    ) -> None:
        self.database = database
        self.refuse_delete = refuse_delete
        self.beside = beside
        self.before_activation = before_activation

    def publish(self, key: str, package: NewPackage, written: WrittenObject, also: Settlement) -> PackageRow:
        """Make the package visible and its object live, in one commit. This commit publishes.

        Raises TokenEnded or Forbidden if its publisher may not do so any more, PackageExists (other bytes),
        AlreadyPublished (the same bytes), Unavailable if the object has been given up meanwhile, CommitInDoubt.
        """
        with self.database.writing() as connection:
            also.lock(connection)
            publisher, moved = change_with_caller(connection, package.publisher, MAKE_LIVE, {"object_key": key})
            if publisher is None:
                raise TokenEnded
            publisher.insist_on(Role.PUBLISHER)
            if not moved:
                raise Unavailable("The upload was given up before it could be published. Send it again.")
            row = _insert(connection, key, package, written)
            also.settle(connection, row, created=True)
            return row

    def replace_object(
        self, package: PackageRow, key: str, written: WrittenObject, also: Settlement
    ) -> PackageRow | None:
        """Give the package the new object in place of its lost or damaged one, in one commit.

        None if the package has changed meanwhile.
        """
        with self.database.writing() as connection:
            also.lock(connection)
            statement = (
                update(Package)
                .where(Package.id == package.id, Package.object_key == package.object_key)
                .values(object_key=key, fingerprint=written.fingerprint, damaged_at=None, verified_at=func.now())
                .returning(*COLUMNS)
            )
            row = connection.execute(statement).one_or_none()
            if row is None or connection.execute(make_live(), {"object_key": key}).one_or_none() is None:
                connection.rollback()
                return None
            transition(connection, package.object_key, "live", "doomed")
            also.settle(connection, row, created=False)
            return row

    def is_empty(self) -> bool:
        """Whether there is no package at all."""
        with self.database.reading() as connection:
            return connection.scalar(select(Package.id).limit(1)) is None

    def newest_object(self) -> str | None:
        """The key of the newest package's object, None if there is no package. Raises DatabaseUnavailable."""
        with self.database.reading() as connection:
            return connection.scalar(select(Package.object_key).order_by(Package.id.desc()).limit(1))

    def get(self, package_id: int) -> PackageRow:
        """The package; raises PackageNotFound."""
        return self._one(BY_ID, {"id": package_id})

    def find(self, coordinates: Coordinates) -> PackageRow:
        """The package at these coordinates; raises PackageNotFound."""
        return self._one(BY_COORDINATES, asdict(coordinates))

    def get_for(self, claims: Claims, package_id: int) -> tuple[Caller | None, PackageRow | None]:
        """Who these claims speak for, and the package: None for what there is not. One query."""
        return fetch_with_caller(self.database, claims, BY_ID_AND_CALLER, {"id": package_id})

    def find_for(self, claims: Claims, coordinates: Coordinates) -> tuple[Caller | None, PackageRow | None]:
        """Who these claims speak for, and the package at these coordinates, in the same way."""
        return fetch_with_caller(self.database, claims, BY_COORDINATES_AND_CALLER, asdict(coordinates))

    def edit(self, package_id: int, edit: PackageEdit) -> PackageRow:
        """Change the given fields; raises PackageNotFound."""
        statement = (
            update(Package)
            .where(Package.id == package_id)
            .values(**edit.changes, updated_at=func.now())
            .returning(*COLUMNS)
        )
        with self.database.writing() as connection:
            if edit.is_active and (name := connection.scalar(select(Package.name).where(Package.id == package_id))):
                self.before_activation(connection, name)
            return _existing(connection.execute(statement).one_or_none())

    def delete(self, package_id: int) -> str:
        """Remove the package and doom its object in one commit; returns the object's key.

        Raises PackageNotFound, and what `refuse_delete` raises.
        """
        with self.database.writing() as connection:
            statement = delete(Package).where(Package.id == package_id).returning(*COLUMNS)
            package = _existing(connection.execute(statement).one_or_none())
            self.refuse_delete(connection, package.name, package.version)
            transition(connection, package.object_key, "live", "doomed")
            return str(package.object_key)

    def renew_fingerprint(self, package: PackageRow, fingerprint: str) -> None:
        """The object was read and is right although the storage tells another fingerprint (a restored backup)."""
        self._note_object(package, fingerprint=fingerprint, damaged_at=None, verified_at=func.now())

    def mark_damaged(self, package: PackageRow) -> None:
        """The object was looked for and is gone or wrong."""
        self._note_object(package, damaged_at=func.now(), verified_at=func.now())

    def _note_object(self, package: PackageRow, **values: Any) -> None:
        same_object = (Package.id == package.id, Package.object_key == package.object_key)
        with self.database.writing() as connection:
            connection.execute(update(Package).where(*same_object).values(**values))

    def _one(self, query: str, parameters: dict[str, Any]) -> PackageRow:
        return _existing(self.database.row(query, parameters))


def _existing(row: PackageRow | None) -> PackageRow:
    if row is None:
        raise PackageNotFound
    return row


def _insertion(key: str, package: NewPackage, written: WrittenObject) -> Any:
    at = package.coordinates
    statement = insert(Package).values(
        name=at.name,
        version=at.version,
        version_key=sort_key(at.version),
        is_prerelease=is_prerelease(at.version),
        platform=at.platform,
        arch=at.arch,
        file_name=package.file_name,
        file_size=written.size,
        checksum=package.checksum,
        content_type=package.content_type,
        object_key=key,
        fingerprint=written.fingerprint,
        description=package.description,
        created_by=package.publisher.username,
        created_by_kind=package.publisher.kind,
    )
    return statement.on_conflict_do_nothing(constraint="uq_packages_coordinates").returning(*COLUMNS)


def _insert(connection: Connection, key: str, package: NewPackage, written: WrittenObject) -> PackageRow:
    """Insert, or raise what stands in the way; again if that was deleted while we looked."""
    for _ in range(INSERT_TRIES):
        if row := connection.execute(_insertion(key, package, written)).one_or_none():
            return row
        existing = connection.exec_driver_sql(BY_COORDINATES, asdict(package.coordinates)).one_or_none()
        if existing is not None:
            is_same = existing.checksum == package.checksum
            raise AlreadyPublished(existing) if is_same else PackageExists(existing.name)
    raise Unavailable("This package is being deleted again and again. Send it again.")
