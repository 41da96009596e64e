"""The caller's own account: sessions, password, theme, shortcuts."""

from flask import Response
from marshmallow import Schema, validate
from marshmallow import fields as plain

from app.accounts.manager import AccountManager
from app.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from app.accounts.roles import Role
from app.accounts.sessions import SessionStore
from app.console import preferences, session
from app.console.blueprint import action, page
from app.console.forms import form_fields, query_fields
from app.console.links import see
from app.console.rendering import render
from app.errors import Invalid, TooManyLogins, WrongCredentials
from app.http.query import no_parameters
from app.http.services import get

WRONG_PASSWORD = "Is not your password."  # noqa: S105 - a sentence


class AccountQuery(Schema):
    """What was just done."""

    told = plain.String(validate=validate.OneOf(["session", "shortcuts", "theme"]))


class PasswordForm(Schema):
    """The old password and a new one."""

    current = plain.String(required=True)
    password = plain.String(required=True)
    repeated = plain.String(required=True)


class SessionForm(Schema):
    """One of the caller's sessions."""

    id = plain.Integer(required=True, validate=validate.Range(1, 2**63 - 1))


class ShortcutsForm(Schema):
    """Whether single keys are shortcuts: the box is there if it is ticked."""

    shortcuts = plain.String(load_default="off", validate=validate.OneOf(["on", "off"]))


@page("/account", Role.AGENT)
def account() -> Response:
    """The account's page."""
    return _page(told=query_fields(AccountQuery).get("told"))


def _page(status: int = 200, *, told: str | None = None, errors: dict[str, list[str]] | None = None) -> Response:
    found = session.current_session()
    return render(
        "account.html",
        status,
        sessions=get(SessionStore).of_user(found.caller.id),
        here=found.id,
        told=told,
        errors=errors or {},
        least=MIN_LENGTH,
    )


@action("/account/password", Role.AGENT)
def change_password() -> Response:
    """A new password, which ends every session and login token of the user."""
    no_parameters()
    form = form_fields(PasswordForm)
    caller = session.caller()
    errors = _faults(form)
    if errors:
        return _page(422, errors=errors)
    accounts = get(AccountManager)
    try:
        accounts.recognise(caller.username, form["current"], session.address())
    except WrongCredentials:
        return _page(422, errors={"current": [WRONG_PASSWORD]})
    except TooManyLogins as error:
        return _page(429, errors={"current": [error.detail]})
    accounts.change_user(caller.id, password=form["password"])
    answer = see("login", told="password")
    session.take(answer)
    return answer


def _faults(form: dict[str, str]) -> dict[str, list[str]]:
    if not MIN_LENGTH <= len(form["password"]) <= MAX_LENGTH:
        return {"password": [f"Must have {MIN_LENGTH} to {MAX_LENGTH} characters."]}
    if form["password"] != form["repeated"]:
        return {"repeated": ["Is not the same as the new password."]}
    return {}


@action("/account/sessions", Role.AGENT)
def end_session() -> Response:
    """End one of the caller's own sessions."""
    no_parameters()
    session_id = form_fields(SessionForm)["id"]
    found = session.current_session()
    if not get(SessionStore).end(session_id, found.caller.id):
        raise Invalid({"id": ["This session has ended already."]})
    return see("login", told="out") if session_id == found.id else see("account", told="session")


@action("/account/shortcuts", Role.AGENT)
def choose_shortcuts() -> Response:
    """Single keys on or off, in this browser."""
    no_parameters()
    form = form_fields(ShortcutsForm)
    answer = see("account", told="shortcuts")
    preferences.keep(answer, preferences.SHORTCUTS_COOKIE, form["shortcuts"])
    return answer
