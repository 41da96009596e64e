"""Lists of packages: filters, sorts and keyset pages, each on an index of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, or_, select, tuple_, union_all

from app.database import Database
from app.errors import PackageNotFound
from app.packages.models import Package
from app.packages.platforms import ANY_ARCH
from app.packages.store import COLUMNS, PackageRow

SORTS = {"created_at": Package.created_at, "name": Package.name, "version": Package.version_key}
DEFAULT_SORT = "-created_at"
SORT_TYPES: dict[str, type[str] | type[datetime]] = {"created_at": datetime, "name": str, "version": str}
SORT_NAMES = (*SORTS, *(f"-{name}" for name in SORTS))


@dataclass(frozen=True, slots=True)
class Page:
    """Which packages, in which order, after which: `after` is the sort value and the id of the row before."""

    filters: dict[str, Any]
    sort: str
    limit: int
    after: tuple[Any, ...] | None = None

    @property
    def descending(self) -> bool:
        """Whether the sort, and the id that settles ties, run downwards."""
        return self.sort.startswith("-")

    def position(self, row: PackageRow) -> tuple[Any, ...]:
        """What `after` is for the page that follows `row`."""
        column = SORTS[self.sort.lstrip("-")]
        return getattr(row, column.key), row.id


class PackageListing:
    """Reads many packages, or the latest of some."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, page: Page) -> Sequence[PackageRow]:
        """The page's rows, at most `limit`."""
        with self.database.reading() as connection:
            return connection.execute(page_statement(page)).all()

    def latest(self, name: str, platform: str, arch: str, *, prerelease: bool = False) -> PackageRow:
        """The newest active package by SemVer precedence: of the exact arch if it has one, else of `any`.

        Raises PackageNotFound.
        """
        with self.database.reading() as connection:
            row = connection.execute(latest_statement(name, platform, arch, prerelease=prerelease)).first()
        if row is None:
            raise PackageNotFound("No active package matches.")
        return row


def page_statement(page: Page) -> Select[Any]:
    """One page: where it starts and what it has, straight from an index."""
    column = SORTS[page.sort.lstrip("-")]
    order = [column.desc(), Package.id.desc()] if page.descending else [column, Package.id]
    statement = select(*COLUMNS).where(*conditions(page.filters))
    if page.after is not None:
        here, there = tuple_(column, Package.id), tuple_(*map(literal, page.after))
        statement = statement.where(here < there if page.descending else here > there)
    return statement.order_by(*order).limit(page.limit)


def conditions(filters: dict[str, Any]) -> list[ColumnElement[bool]]:
    """The WHERE of the list; `q` is a substring in which % and _ are themselves."""
    exact = [getattr(Package, name) == value for name, value in filters.items() if name != "q"]
    if "q" not in filters:
        return exact
    pattern = f"%{escaped(filters['q'])}%"
    return [*exact, or_(Package.name.ilike(pattern), Package.description.ilike(pattern))]


def escaped(text: str) -> str:
    """`text` for a LIKE pattern, in which backslash, percent and underscore are themselves."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def latest_statement(name: str, platform: str, arch: str, *, prerelease: bool) -> Any:
    """At most one probe of the `latest` index for each of the arch and `any`, the exact arch first."""
    arches = dict.fromkeys((arch, ANY_ARCH))
    probes = [_latest_of(name, platform, one, rank, prerelease=prerelease) for rank, one in enumerate(arches)]
    both = union_all(*(select(probe) for probe in probes)).subquery()
    columns = [column for column in both.c if column.key != "rank"]
    return select(*columns).order_by(both.c.rank).limit(1)


def _latest_of(name: str, platform: str, arch: str, rank: int, *, prerelease: bool) -> Any:
    statement = select(*COLUMNS, literal(rank).label("rank")).where(
        Package.name == name, Package.platform == platform, Package.arch == arch, Package.is_active
    )
    if not prerelease:
        statement = statement.where(~Package.is_prerelease)
    return statement.order_by(Package.version_key.desc(), Package.id.desc()).limit(1).subquery()
