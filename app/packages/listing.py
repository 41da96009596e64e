"""Lists of packages: filters, sorts and keyset pages, each on an index of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.caller import Caller, Kind
from app.accounts.caller_queries import fetch_rows_with_caller, find_caller
from app.accounts.tokens import Claims
from app.database import Database
from app.errors import PackageNotFound
from app.http.paging import MAX_BYTES
from app.packages.list_query import ORDINARY, SORTS, TRIGRAM, Shape, latest_text, page_text, search_text
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

    def page_for(self, claims: Claims, page: Page) -> tuple[Caller | None, Sequence[PackageRow]]:
        """Who these claims speak for, and the page's rows, at most `limit`; their times are text in RFC 3339.

        One query, unless `q` is to be found.
        """
        if "q" not in page.filters:
            query, parameters = page_query(page, claims.kind)
            return fetch_rows_with_caller(self.database, claims, query, parameters, prepared=not page.filters)
        caller = find_caller(self.database, claims)
        return caller, self.database.rows(*search_query(page)) if caller else ()

    def latest(self, name: str, platform: str, arch: str, *, prerelease: bool = False) -> PackageRow:
        """The newest active package by SemVer precedence: of the exact arch if it has one, else of `any`.

        Raises PackageNotFound.
        """
        parameters = {"name": name, "platform": platform, "arch": arch, "any_arch": ANY_ARCH}
        rows = self.database.rows(latest_text(prerelease=prerelease), parameters)
        if not rows:
            raise PackageNotFound("No active package matches.")
        return rows[0]


def page_query(page: Page, kind: Kind) -> tuple[str, dict[str, Any]]:
    """The query of a page without `q` beside the owner of a token of this kind; its parameters but the owner's id."""
    return page_text(_shape(page), kind), _parameters(page)


def search_query(page: Page) -> tuple[str, dict[str, Any]]:
    """The query of a page with `q`, and its parameters."""
    q = page.filters["q"]
    return search_text(_shape(page), len(q) >= TRIGRAM), {**_parameters(page), "pattern": f"%{escaped(q)}%"}


def _shape(page: Page) -> Shape:
    return Shape(frozenset(page.filters) - {"q"}, page.sort, page.after is not None, page.limit > ORDINARY)


def _parameters(page: Page) -> dict[str, Any]:
    after, after_id = page.after or (None, None)
    return {**page.filters, "after": after, "after_id": after_id, "limit": page.limit, "room": MAX_BYTES}


def escaped(text: str) -> str:
    """`text` for a LIKE pattern, in which backslash, percent and underscore are themselves."""
    return re.sub(r"([\\%_])", r"\\\1", text)
