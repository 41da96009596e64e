"""Packages by name, in keyset pages: what each has newest, for which platforms, and who uploaded last."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.database import Database
from app.packages.list_query import TRIGRAM
from app.packages.listing import escaped
from app.packages.name_query import DETAILS, LOOK_AHEAD, by_name, by_trigrams, by_upload

MAX_BY_UPLOAD = 2000
"""Names up to which they are sorted by their newest upload; above, by name."""

STAYS_LARGE = 60.0
"""Seconds for which a catalogue that had more is not counted again."""

NameSort = Literal["name", "-created_at"]
Position = tuple[str] | tuple[datetime, str]
"""Where a page ended: its last name, or its last upload and name."""


@dataclass(frozen=True, slots=True)
class NameFilters:
    """Which names: those with `q` in them, that have a file for which all the others hold. None is no filter.

    `blocked`: only files that a policy blocks.
    """

    q: str | None = None
    platform: str | None = None
    arch: str | None = None
    is_active: bool | None = None
    trust: str | None = None
    blocked: bool = False

    @property
    def of_files(self) -> dict[str, str | bool]:
        """Those that are compared with files."""
        wanted = {name: getattr(self, name) for name in ("platform", "arch", "is_active", "trust")}
        wanted["blocked"] = self.blocked or None
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Newest:
    """A version, and when its newest file was uploaded."""

    version: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PackageName:
    """A name. `prerelease` is there if it is newer than `latest`; `withheld` if all files are yanked or blocked.

    `is_blocked`: why the withheld version is not offered, if it was not yanked. `files` counts those of the version
    shown first (latest, pre-release, withheld), by platform. `description`: the last upload's first 200 characters.
    """

    name: str
    latest: Newest | None
    prerelease: Newest | None
    withheld: Newest | None
    is_blocked: bool
    files: dict[str, int]
    description: str
    uploaded_at: datetime
    uploaded_by: str
    uploaded_by_kind: str


@dataclass(frozen=True, slots=True)
class NamePage:
    """A page, sorted by `sort`; `after` is where the next one begins, None if this is the last."""

    names: tuple[PackageName, ...]
    sort: NameSort
    after: Position | None


class PackageNames:
    """Reads packages by name. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._large_until: dict[frozenset[tuple[str, str | bool]], float] = {}

    def page(
        self, filters: NameFilters, limit: int, *, sort: NameSort = "name", after: Position | None = None
    ) -> NamePage:
        """At most `limit` names after `after`, which is a position of the same sort and filters.

        A catalogue of more than MAX_BY_UPLOAD names is sorted by name, and says so. Where `q` has fewer than three
        characters a page may be short and have one behind it: it has looked through LOOK_AHEAD names.
        """
        found = self._by_upload(filters, limit, after) if sort == "-created_at" else None
        names, sort, behind = found or self._by_name(filters, limit, after)
        return NamePage(self._details(names), sort, behind)

    def _by_upload(
        self, filters: NameFilters, limit: int, after: Position | None
    ) -> tuple[list[str], NameSort, Position | None] | None:
        """The page in order of the last upload; None if there are too many names for that."""
        if after is not None and len(after) == 1:
            return None  # the first page was by name
        files = frozenset(filters.of_files.items())
        if after is None and time.monotonic() < self._large_until.get(files, 0.0):
            return None
        uploaded, name = after or (None, None)
        # The first page decides: names that come meanwhile change no sort.
        most = MAX_BY_UPLOAD + 1 if after is None else 2 * MAX_BY_UPLOAD
        values = {"uploaded": uploaded, "name": name, "most": most, "limit": limit + 1, **_values(filters)}
        rows = self.database.rows(by_upload(filters.of_files, continued=after is not None), values)
        if after is None and rows and rows[0].names > MAX_BY_UPLOAD:
            self._large_until[files] = time.monotonic() + STAYS_LARGE
            return None
        shown = rows[:limit]
        behind = (shown[-1].uploaded_at, shown[-1].name) if len(rows) > limit else None
        return [row.name for row in shown], "-created_at", behind

    def _by_name(
        self, filters: NameFilters, limit: int, after: Position | None
    ) -> tuple[list[str], NameSort, Position | None]:
        start = None if after is None else str(after[-1])
        most = limit + 1 if filters.q is None else LOOK_AHEAD
        values = {"after": start, "most": most, "limit": limit + 1, **_values(filters)}
        rows = self.database.rows(by_name(filters.of_files, continued=after is not None), values)
        names = [row.name for row in rows if row.matches]
        if filters.q is not None and len(names) <= limit and rows and rows[-1].is_last:
            seen = rows[-1].name
            if len(filters.q) < TRIGRAM:
                return names, "name", (seen,)
            rest = {**values, "after": seen, "limit": limit + 1 - len(names)}
            names += [row.name for row in self.database.rows(by_trigrams(filters.of_files), rest)]
        shown = names[:limit]
        return shown, "name", (shown[-1],) if len(names) > limit else None

    def _details(self, names: Sequence[str]) -> tuple[PackageName, ...]:
        rows = self.database.rows(DETAILS, {"names": list(names)}) if names else []
        return tuple(_package_name(row) for row in rows)


def _values(filters: NameFilters) -> dict[str, Any]:
    return {**filters.of_files, "pattern": f"%{escaped(filters.q or '')}%"}


def _package_name(row: Any) -> PackageName:
    return PackageName(
        name=row.name,
        latest=_newest(row.release, row.release_at),
        prerelease=_newest(row.prerelease, row.prerelease_at),
        withheld=_newest(row.withheld, row.withheld_at),
        is_blocked=bool(row.is_blocked),
        files=dict(row.files or {}),
        description=row.description,
        uploaded_at=row.uploaded_at,
        uploaded_by=row.created_by,
        uploaded_by_kind=row.created_by_kind,
    )


def _newest(version: str | None, created_at: datetime) -> Newest | None:
    return None if version is None else Newest(version, created_at)
