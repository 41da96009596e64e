"""What a request for packages names, looked up in the query that its token costs.

Each `by_…` is a `finding` of app.accounts.auth: it must not raise before the token has been looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.auth import OTHER_FILE, caller, found
from app.accounts.caller import Caller
from app.accounts.tokens import Claims
from app.errors import Forbidden, Invalid, PackageNotFound
from app.http.paging import Page as AskedPage
from app.http.paging import asked_page
from app.http.query import parameters
from app.packages.links import file_path
from app.packages.listing import SORT_TYPES, Page
from app.packages.receiving import path_coordinates
from app.packages.schemas import ListQuery
from app.packages.store import PackageRow
from app.wiring import PackageServices, services


def packages() -> PackageServices:
    """The packages' part of the app that serves this request."""
    return services().packages


def by_id(claims: Claims, package_id: int) -> tuple[Caller | None, PackageRow | None]:
    """The caller and the package of this id."""
    return packages().store.get_for(claims, package_id)


def by_path(claims: Claims, **path: str) -> tuple[Caller | None, PackageRow | None]:
    """The caller and the package at the path's coordinates; what can be no coordinate is no such path."""
    try:
        coordinates = path_coordinates(path)
    except Invalid:
        return services().accounts.caller(claims), None
    return packages().store.find_for(claims, coordinates)


def found_package() -> PackageRow:
    """The package that the path names. Raises PackageNotFound."""
    package = found()
    if package is None:
        raise PackageNotFound
    return package


def found_file(path: dict[str, str]) -> PackageRow:
    """The package that the path names, if its file has the path's name.

    Raises PackageNotFound; Forbidden for a file token that is not for it.
    """
    scope = caller().file
    if scope is not None and not scope.is_at(file_path(**path)):
        raise Forbidden(OTHER_FILE)
    package = found_package()
    if package.file_name != path["file_name"]:
        raise PackageNotFound
    if scope is not None and not scope.is_package(package.id, package.checksum):
        raise Forbidden(OTHER_FILE)
    return package


@dataclass(frozen=True, slots=True)
class Listed:
    """A page as it was asked for over HTTP, as it was read, and its rows."""

    asked: AskedPage
    page: Page
    rows: Sequence[PackageRow]


def by_query(claims: Claims) -> tuple[Caller | None, Listed | Invalid]:
    """The caller and the page that the query asks for, or what is wrong with the query."""
    try:
        query = parameters(ListQuery)
        asked = asked_page(query, SORT_TYPES[query["sort"].lstrip("-")], int)
    except Invalid as error:
        return services().accounts.caller(claims), error
    page = Page(filters_of(query), query["sort"], asked.fetch, asked.after)
    caller, rows = packages().listing.page_for(claims, page)
    return caller, Listed(asked, page, rows)


def found_page() -> Listed:
    """The page that the query asks for. Raises Invalid."""
    listed: Listed | Invalid = found()
    if isinstance(listed, Invalid):
        raise listed
    return listed


def filters_of(query: dict[str, Any]) -> dict[str, Any]:
    """The list's filters out of its loaded parameters."""
    return {name: value for name, value in query.items() if name not in ("sort", "limit", "cursor")}
