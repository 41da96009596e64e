"""Packages by name, one package with its matrix, one version with its files."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import Schema, validate
from marshmallow import fields as plain

from app.accounts.roles import Role
from app.channels.usage import ChannelUsage
from app.console import session
from app.console.blueprint import page
from app.console.forms import query_fields
from app.console.links import link, public
from app.console.rendering import render
from app.console.views.matrix import matrix, rank
from app.console.views.packages import agents_of, latest_of, named, waiting
from app.console.views.uploads import uploads
from app.errors import Invalid
from app.http import cursors
from app.http.services import get
from app.packages import fields
from app.packages.links import file_path
from app.packages.names import NameFilters, NamePage, PackageName, PackageNames, Position
from app.packages.platforms import ARCHES, PLATFORMS
from app.packages.schemas import MAX_Q_LENGTH, TRUSTS
from app.packages.store import PackageRow
from app.packages.version_pages import Version, VersionPages
from app.signatures.store import SignatureStore

NAMES = 50
VERSIONS = 20
FILTERS = ("q", "platform", "arch", "state", "trust", "sort")
STATES: dict[str, dict[str, bool]] = {
    "active": {"is_active": True},
    "yanked": {"is_active": False},
    "blocked": {"blocked": True},
}
"""What each state is among the API's filters."""
TYPES: tuple[tuple[type[str] | type[datetime], ...], ...] = ((str,), (datetime, str))
"""What a cursor of either sort holds."""


class PackagesQuery(Schema):
    """The filters of the list; `after` is where the page before ended."""

    q = fields.Text(validate=validate.Length(1, MAX_Q_LENGTH))
    platform = fields.platform()
    arch = fields.arch()
    state = plain.String(validate=validate.OneOf(list(STATES)))
    trust = plain.String(validate=validate.OneOf(TRUSTS))
    sort = plain.String(validate=validate.OneOf(["name", "-created_at"]))
    after = plain.String()


class ToldQuery(Schema):
    """What was just done, to be said once."""

    told = plain.String(validate=validate.OneOf(["yanked", "restored", "deleted"]))
    files = plain.Integer()


class VersionsQuery(ToldQuery):
    """The version that the page follows."""

    after = fields.version()


@page("/packages", Role.AGENT)
def packages() -> Response:
    """Packages by name; filters, sort and page are in the URL."""
    query = query_fields(_ListQuery)
    chosen = {name: query[name] for name in FILTERS if name in query}
    found = _names(query, chosen)
    return render(
        "packages.html",
        rows=named(found.names),
        chosen=chosen,
        is_first="after" not in query,
        is_sorted_otherwise=query.get("sort", "-created_at") != found.sort,
        next_page=found.after and link("packages", **chosen, after=_cursor(found.after, chosen)),
        platforms=sorted(PLATFORMS),
        arches=sorted(ARCHES),
        curl=_list_curl(chosen),
        told=query.get("told"),
        told_files=query.get("files", 0),
    )


class _ListQuery(PackagesQuery, ToldQuery):
    """Filters, and what was just done."""


def _names(query: dict[str, Any], chosen: dict[str, Any]) -> NamePage:
    plainly = {name: query.get(name) for name in ("q", "platform", "arch", "trust")}
    filters = NameFilters(**plainly, **STATES.get(query.get("state", ""), {}))  # type: ignore[arg-type]  # by name
    after = _position(query["after"], chosen) if "after" in query else None
    return get(PackageNames).page(filters, NAMES, sort=query.get("sort", "-created_at"), after=after)


def _listing(chosen: dict[str, Any]) -> str:
    return urlencode(sorted(chosen.items()))


def _cursor(position: Position, chosen: dict[str, Any]) -> str:
    return cursors.encode(position, _listing(chosen))


def _position(cursor: str, chosen: dict[str, Any]) -> Position:
    for types in TYPES:
        try:
            return cursors.decode(cursor, _listing(chosen), types)  # type: ignore[return-value]  # by `types`
        except cursors.CursorError:
            continue
    raise Invalid({"after": ["Is no page of this list with these filters and this sort. Go back to its first page."]})


def _list_curl(chosen: dict[str, Any]) -> str:
    wanted: dict[str, str] = {name: chosen[name] for name in ("q", "platform", "arch", "trust") if name in chosen}
    wanted |= {name: str(value).lower() for name, value in STATES.get(chosen.get("state", ""), {}).items()}
    wanted["sort"] = chosen.get("sort", "-created_at")
    return curl(f"/api/v1/packages?{urlencode(wanted)}")


def curl(path: str) -> str:
    """The command that asks the API for the same."""
    return f'curl -fsS -H "Authorization: Bearer $TOKEN" \\\n  "{public(path)}"'


@page("/packages/<name>", Role.AGENT)
def package(name: str) -> Response:
    """One package: facts, matrix, versions, how to get it, who is offered it."""
    query = query_fields(VersionsQuery)
    pages = get(VersionPages)
    found = pages.page(name, VERSIONS, query.get("after")) if is_possible(name) else None
    if found is None or not found.versions:
        return _no_package(name)
    newest = found if "after" not in query else pages.page(name, VERSIONS)
    latest = latest_of(newest.versions)
    table = matrix(found.versions)
    top = next((line for line in table.lines if latest and line.version.version == latest.version), None)
    return render(
        "package.html",
        name=name,
        matrix=table,
        versions=found.versions,
        next_page=found.after and link("package", name=name, after=found.after),
        is_first="after" not in query,
        latest=latest,
        newest=newest.versions[0],
        total=pages.total(name),
        agents=agents_of(name),
        waiting=waiting(name, top.gaps) if top else [],
        uses=get(ChannelUsage).of([name]).get(name, []),
        uploads=session.may("publisher") and uploads(session.caller().username, name=name),
        gets=[(file, download_curl(file)) for file in _in_order(latest or newest.versions[0])],
        curl=curl(f"/api/v1/packages?{urlencode({'name': name, 'sort': '-version'})}"),
        told=query.get("told"),
        told_files=query.get("files", 0),
    )


def _in_order(version: Version) -> list[PackageRow]:
    return sorted(version.files, key=lambda file: rank((file.platform, file.arch)))


def download_curl(file: Any) -> str:
    """The command that fetches a file, and goes on with it when it broke off."""
    path = file_path(file.name, file.version, file.platform, file.arch, file.file_name)
    return f'curl -fSLO -C - -H "Authorization: Bearer $TOKEN" \\\n  "{public(path)}"'


def is_possible(path: str) -> bool:
    """Whether PostgreSQL can be asked for it."""
    return "\0" not in path


def _no_package(name: str) -> Response:
    near: tuple[PackageName, ...] = ()
    for length in (12, 3):
        near = near or (get(PackageNames).page(NameFilters(q=name[:length]), 5).names if is_possible(name) else ())
    detail = f"There is no package of the name {name}."
    return render("no_package.html", 404, detail=detail, near=[each.name for each in near], name=name, versions=[])


@page("/packages/<name>/<version>", Role.AGENT)
def version(name: str, version: str) -> Response:
    """One version: its files, and what may be done with them."""
    query = query_fields(ToldQuery)
    found = get(VersionPages).one(name, version) if is_possible(name + version) else None
    if found is None:
        return _no_version(name, version)
    return render(
        "version.html",
        name=name,
        version=found,
        files=_in_order(found),
        signatures=get(SignatureStore).listed_of([file.id for file in found.files]),
        agents=agents_of(name).get(version, 0),
        uses=[use for use in get(ChannelUsage).of([name]).get(name, []) if use.version == version],
        gets={file.id: download_curl(file) for file in found.files},
        curl=curl(f"/api/v1/releases/{request.path.partition('/packages/')[2]}"),
        told=query.get("told"),
        told_files=query.get("files", 0),
    )


def _no_version(name: str, version: str) -> Response:
    versions = get(VersionPages).page(name, 5).versions if is_possible(name) else ()
    if not versions:
        return _no_package(name)
    detail = f"{name} has no version {version}."
    shown = [each.version for each in versions]
    return render("no_package.html", 404, detail=detail, near=[], name=name, versions=shown)
