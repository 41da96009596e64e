"""Lists of packages: filters, sorts and keyset pages, each on an index of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database import Database
from app.errors import PackageNotFound
from app.packages.page_query import SORTS, latest_text, page_text
from app.packages.platforms import ANY_ARCH
from app.packages.store import PackageRow

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
        return self.database.rows(*page_query(page))

    def latest(self, name: str, platform: str, arch: str, *, prerelease: bool = False) -> PackageRow:
        """The newest active package by SemVer precedence: of the exact arch if it has one, else of `any`.

        Raises PackageNotFound.
        """
        parameters = {"name": name, "platform": platform, "arch": arch, "any_arch": ANY_ARCH}
        rows = self.database.rows(latest_text(prerelease=prerelease), parameters)
        if not rows:
            raise PackageNotFound("No active package matches.")
        return rows[0]


def page_query(page: Page) -> tuple[str, dict[str, Any]]:
    """The page's query and its parameters."""
    exact = {name: value for name, value in page.filters.items() if name != "q"}
    q = page.filters.get("q", "")
    text = page_text(frozenset(exact), page.sort, continued=page.after is not None, searched=min(len(q), 3))
    after, after_id = page.after or (None, None)
    searched = {"pattern": f"%{escaped(q)}%"} if q else {}
    return text, {**exact, **searched, "after": after, "after_id": after_id, "limit": page.limit}


def escaped(text: str) -> str:
    """`text` for a LIKE pattern, in which backslash, percent and underscore are themselves."""
    return re.sub(r"([\\%_])", r"\\\1", text)
