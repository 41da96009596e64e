"""Files: download; yank, restore and delete, many at once, with a result for each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response
from marshmallow import Schema, validate
from marshmallow import fields as plain

from app.accounts.roles import Role
from app.console import session
from app.console.blueprint import action, page
from app.console.forms import form_fields, query_fields
from app.console.links import see
from app.console.rendering import render
from app.console.views.changes import consequences
from app.errors import Conflict, Forbidden, Invalid, NotFound, PackageBlocked, PackageNotFound, ServiceError
from app.http.problems import status_of
from app.http.query import no_parameters
from app.http.services import get
from app.packages import fields
from app.packages.manager import PackageManager
from app.packages.sending import PackageSender
from app.packages.store import PackageEdit, PackageRow, PackageStore
from app.packages.version_pages import VersionPages
from app.signatures.handlers import known, sent
from app.signatures.store import SignatureStore

MOST = 100
"""Files that are changed at once."""

REASON_LENGTH = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What may be done to files: its words, who may, and how."""

    verb: str
    past: str
    meaning: str
    role: Role
    carry_out: Callable[[int], object]


def _set_active(package_id: int, *, is_active: bool) -> None:
    get(PackageStore).edit(package_id, PackageEdit(is_active=is_active))


CHANGES = {
    "yank": Change(
        "Yank",
        "yanked",
        "A yanked file is not latest and not offered any more. Whoever knows it can still download it, agents that "
        "have it keep it, and it can be restored.",
        Role.PUBLISHER,
        lambda package_id: _set_active(package_id, is_active=False),
    ),
    "restore": Change(
        "Restore",
        "restored",
        "A restored file can be latest and be offered again.",
        Role.PUBLISHER,
        lambda package_id: _set_active(package_id, is_active=True),
    ),
    "delete": Change(
        "Delete",
        "deleted",
        "Nobody can download a deleted file any more, and its bytes are gone at once. To stop offering it and keep "
        "it, yank it instead.",
        Role.ADMIN,
        lambda package_id: get(PackageManager).delete(package_id),
    ),
}


class ChangeQuery(Schema):
    """Which change, and of what: files by id, or versions of a name."""

    change = plain.String(required=True, validate=validate.OneOf(list(CHANGES)))
    id = plain.List(plain.Integer(validate=validate.Range(1, 2**63 - 1)), validate=validate.Length(max=MOST))
    name = fields.name()
    version = plain.List(fields.version(), validate=validate.Length(max=MOST))


class ChangeForm(Schema):
    """The files, why, and what was typed to confirm."""

    id = plain.List(plain.Integer(validate=validate.Range(1, 2**63 - 1)), validate=validate.Length(1, MOST))
    reason = fields.Text(load_default="", validate=validate.Length(max=REASON_LENGTH))
    confirm = fields.Text(load_default="")


@page("/files/<bigint:package_id>/download", Role.AGENT)
def download(package_id: int) -> Response:
    """The file's bytes: one range, conditional requests, as the API's download. Blocked ones need a publisher."""
    found = get(PackageStore).get(package_id)
    no_parameters()
    if found.blocked and not session.may(Role.PUBLISHER.label):
        raise PackageBlocked
    return get(PackageSender).send(found)


@page("/files/<bigint:package_id>/signatures/<digest>", Role.AGENT)
def download_signature(package_id: int, digest: str) -> Response:
    """A signature's bytes as they were sent."""
    package = get(PackageStore).get(package_id)
    no_parameters()
    return sent(package, get(SignatureStore).get(package_id, known(digest)))


@page("/files/change", Role.PUBLISHER)
def change_form() -> Response:
    """What would happen, and the form that does it."""
    query = query_fields(ChangeQuery, lists=("id", "version"))
    if "name" in query and query["version"]:
        files = get(VersionPages).files_of(query["name"], query["version"], MOST + 1)
    else:
        files = get(VersionPages).files(query["id"])
    if not files:
        raise NotFound("No file is chosen, or those that were are gone. Go back and choose some.")
    if len(files) > MOST:
        raise Invalid({"version": [f"These are more than {MOST} files. Choose fewer versions."]})
    return _form(query["change"], files)


@action("/files/yank", Role.PUBLISHER)
def yank_files() -> Response:
    """Yank files."""
    return _change("yank")


@action("/files/restore", Role.PUBLISHER)
def restore_files() -> Response:
    """Restore yanked files."""
    return _change("restore")


@action("/files/delete", Role.ADMIN)
def delete_files() -> Response:
    """Delete files, if what was asked for was typed."""
    return _change("delete")


def _form(change: str, files: Sequence[PackageRow], status: int = 200, **typed: object) -> Response:
    wanted = CHANGES[change]
    if not session.may(wanted.role.label):
        raise Forbidden(f"This needs the role {wanted.role.label}.")
    shown = {"errors": {}, "reason": "", "confirm": "", **typed}
    confirmation = confirmation_of(files) if change == "delete" else None
    return render(
        "change.html",
        status,
        change=change,
        verb=wanted.verb,
        meaning=wanted.meaning,
        what=_what(files),
        files=files,
        told=consequences(change, files),
        confirmation=confirmation,
        **shown,
    )


def confirmation_of(files: Sequence[PackageRow]) -> str:
    """What has to be typed before these are deleted: their name and version, or how many versions."""
    versions = {file.version for file in files}
    return f"{files[0].name} {versions.pop()}" if len(versions) == 1 else f"{files[0].name} {len(versions)} versions"


def _what(files: Sequence[PackageRow]) -> str:
    versions = list(dict.fromkeys(file.version for file in files))
    named = versions[0] if len(versions) == 1 else f"{len(versions)} versions"
    return f"{files[0].name} {named}"


def _change(change: str) -> Response:
    no_parameters()
    form = form_fields(ChangeForm, lists=("id",))
    files = get(VersionPages).files(form["id"])
    if not files:
        raise PackageNotFound("These files are gone already.")
    if change == "delete" and form["confirm"].strip() != confirmation_of(files):
        errors = {"confirm": [f"Type {confirmation_of(files)}."]}
        return _form(change, files, 422, errors=errors, reason=form["reason"], confirm=form["confirm"])
    results = [(file, _carried_out(change, file, form["reason"])) for file in files]
    refused = [error for _, error in results if error is not None]
    if not refused:
        return _done(change, files)
    return render(
        "results.html",
        status_of(refused[0]),
        past=CHANGES[change].past,
        refused=len(refused),
        results=[(file, error and error.detail) for file, error in results],
    )


def _carried_out(change: str, file: PackageRow, reason: str) -> ServiceError | None:
    try:
        CHANGES[change].carry_out(file.id)
    except (Conflict, NotFound) as error:
        return error
    told = "%s %s %s %s/%s, package %d: %s"
    said = reason.strip() or "no reason given"
    past, who = CHANGES[change].past, session.caller().username
    log.info(told, who, past, f"{file.name} {file.version}", file.platform, file.arch, file.id, said)
    return None


def _done(change: str, files: Sequence[PackageRow]) -> Response:
    """On to what is left of what was changed."""
    pages, first = get(VersionPages), files[0]
    told = {"told": CHANGES[change].past, "files": len(files)}
    if len({file.version for file in files}) == 1 and pages.one(first.name, first.version):
        return see("version", name=first.name, version=first.version, **told)
    if pages.page(first.name, 1).versions:
        return see("package", name=first.name, **told)
    return see("packages", **told)
