"""Lookups of the package or page that a request names, together with its caller, in one query.

Each `…_by_…` is what `requires` of app.accounts.auth takes as `loads`: what is wrong with the request itself must not
be told before the token has been looked at, so it is raised where a handler asks for what was loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.auth import OTHER_FILE, caller, loaded
from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.accounts.store import AccountStore
from app.accounts.tokens import Claims
from app.errors import Forbidden, Invalid, PackageBlocked, PackageNotFound, ReleaseNotFound
from app.http.paging import PageQuery, PageRequest, requested_page
from app.http.query import parameters
from app.http.services import get
from app.http.validation import load
from app.packages.links import file_path
from app.packages.listing import SORT_TYPES, PackageListing, Page
from app.packages.receiving import path_coordinates
from app.packages.releases import ReleaseStore
from app.packages.schemas import ListQuery, ReleaseSchema
from app.packages.store import PackageRow, PackageStore

RELEASE_SORT = "created_at"


def package_by_id(claims: Claims, package_id: int) -> tuple[Caller | None, PackageRow | None]:
    """The caller and the package of this id."""
    return get(PackageStore).get_for(claims, package_id)


def package_by_path(claims: Claims, **path: str) -> tuple[Caller | None, PackageRow | None]:
    """The caller and the package at the path's coordinates; what can be no coordinate is no such path."""
    try:
        coordinates = path_coordinates(path)
    except Invalid:
        return get(AccountStore).caller(claims), None
    return get(PackageStore).find_for(claims, coordinates)


def loaded_package() -> PackageRow:
    """The package that the path names. Raises PackageNotFound."""
    package = loaded()
    if package is None:
        raise PackageNotFound
    return package


def loaded_file(path: dict[str, str]) -> PackageRow:
    """The package that the path names, if its file has the path's name.

    Raises PackageNotFound; Forbidden for a file token that is not for it.
    """
    scope = caller().file
    if scope is not None and not scope.is_at(file_path(**path)):
        raise Forbidden(OTHER_FILE)
    package = loaded_package()
    if package.file_name != path["file_name"]:
        raise other_name(package)
    if scope is not None and not scope.is_package(package.id, package.checksum):
        raise Forbidden(OTHER_FILE)
    return readable(package)


def other_name(package: PackageRow) -> PackageNotFound:
    """The error of a path with another file name than the package's."""
    right = file_path(package.name, package.version, package.platform, package.arch, package.file_name)
    return PackageNotFound(f"The file of this package has another name: {right}")


def readable(package: PackageRow) -> PackageRow:
    """The package, whose bytes this request's caller may have. Raises PackageBlocked."""
    if package.blocked and (caller().file is not None or caller().role < Role.PUBLISHER):
        raise PackageBlocked
    return package


@dataclass(frozen=True, slots=True)
class Listed:
    """A page as it was asked for over HTTP, as it was read, and its rows."""

    asked: PageRequest
    page: Page
    rows: Sequence[PackageRow]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A page, or what is wrong with the query that asks for it, to be told once the caller is let in."""

    listed: Listed | None = None
    error: Invalid | ReleaseNotFound | None = None

    def result(self) -> Listed:
        """The page. Raises Invalid."""
        if self.listed is None:
            raise self.error or Invalid({})
        return self.listed


def page_by_query(claims: Claims) -> tuple[Caller | None, Deferred]:
    """The caller and the page that the query asks for."""
    try:
        query = parameters(ListQuery)
        asked = requested_page(query, SORT_TYPES[query["sort"].lstrip("-")], int)
    except Invalid as error:
        return get(AccountStore).caller(claims), Deferred(error=error)
    page = Page(filters_of(query), query["sort"], asked.fetch, asked.after)
    caller, rows = get(PackageListing).page_for(claims, page)
    return caller, Deferred(Listed(asked, page, rows))


def loaded_page() -> Listed:
    """The page that the query asks for. Raises Invalid."""
    deferred: Deferred = loaded()
    return deferred.result()


def release_by_path(claims: Claims, name: str, version: str) -> tuple[Caller | None, Deferred]:
    """The caller and the page of a release that path and query ask for."""
    try:
        asked, page = release_page(name, version, **parameters(PageQuery))
    except (Invalid, ReleaseNotFound) as error:
        return get(AccountStore).caller(claims), Deferred(error=error)
    caller, rows = get(PackageListing).page_for(claims, page)
    return caller, Deferred(Listed(asked, page, rows))


def release_page(name: str, version: str, **query: Any) -> tuple[PageRequest, Page]:
    """A page of a release, the first unless the query says otherwise. Raises ReleaseNotFound, Invalid."""
    asked = requested_page({**load(PageQuery(), {}), **query}, datetime, int)
    return asked, Page(release_filters(name, version), RELEASE_SORT, asked.fetch, asked.after)


def loaded_release(name: str, version: str) -> Listed:
    """The page of the release. Raises ReleaseNotFound, Invalid."""
    deferred: Deferred = loaded()
    if deferred.listed is None:
        existing_release(name, version)
    listed = deferred.result()
    if not listed.rows and listed.asked.after is None:
        raise ReleaseNotFound
    return listed


def existing_release(name: str, version: str) -> None:
    """Return if there is such a release. Raises ReleaseNotFound."""
    release_filters(name, version)
    get(ReleaseStore).insist(name, version)


def release_filters(name: str, version: str) -> dict[str, Any]:
    """The filters that make a release of a list; what can be no name or version is no such path."""
    try:
        return load(ReleaseSchema(), {"name": name, "version": version})
    except Invalid as error:
        raise ReleaseNotFound from error


def filters_of(query: dict[str, Any]) -> dict[str, Any]:
    """The list's filters out of its loaded parameters."""
    return {name: value for name, value in query.items() if name not in ("sort", "limit", "cursor")}
