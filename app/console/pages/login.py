"""Login and logout, the short token that uploads send, and the theme."""

from datetime import timedelta

from flask import Response, request
from marshmallow import Schema, fields, validate

from app.accounts import tokens
from app.accounts.manager import AccountManager, moment_after
from app.accounts.roles import Role
from app.accounts.schemas import LoginSchema
from app.accounts.sessions import SessionStore
from app.accounts.store import UserRow
from app.console import preferences, session
from app.console.blueprint import action, page
from app.console.error_pages import wants_json
from app.console.forms import form_fields, query_fields
from app.console.links import see, see_path, within
from app.console.rendering import render
from app.errors import Overloaded, ServiceError, TooManyLogins, WrongCredentials
from app.http.fields import rfc3339
from app.http.problems import service_problem
from app.http.query import no_parameters
from app.http.responses import json_answer
from app.http.services import get
from app.server.serving import LOGIN_QUEUE_FULL

UPLOAD_TOKEN = timedelta(minutes=10)
"""How long a page's token for uploads lasts, if the session does not end before."""


class NextQuery(Schema):
    """Where a login leads, and what was done before it."""

    next = fields.String(load_default="")
    told = fields.String(load_default="", validate=validate.OneOf(["", "out", "password"]))


class LoginForm(LoginSchema):
    """A login, and where it leads."""

    next = fields.String(load_default="")


class ThemeForm(Schema):
    """A theme, and the page to go on with."""

    theme = fields.String(required=True, validate=validate.OneOf(preferences.THEMES))
    next = fields.String(load_default="")


@page("/login", None)
def login() -> Response:
    """The form; who has a session goes on."""
    query = query_fields(NextQuery)
    if session.current() is not None:
        return see_path(within(query.get("next", "")))
    return render("login.html", target=query.get("next", ""), told=query.get("told", ""), refusal=None, username=None)


@action("/login", None)
def log_in() -> Response:
    """A new session in place of the browser's old one."""
    no_parameters()
    form = form_fields(LoginForm)
    try:
        user = _recognised(form["username"], form["password"])
    except (WrongCredentials, TooManyLogins, Overloaded) as error:
        return _refused(error, form["username"], form["next"])
    browser = request.headers.get("User-Agent", "")
    key = get(SessionStore).begin(user.id, user.token_series, address=session.address(), browser=browser)
    _end_current()
    answer = see_path(within(form["next"]))
    session.give(answer, key)
    return answer


def _recognised(username: str, password: str) -> UserRow:
    if LOGIN_QUEUE_FULL in request.environ:
        get(AccountManager).refuse_login(username, session.address())
    return get(AccountManager).recognise(username, password, session.address())


def _refused(error: ServiceError, username: str, target: str) -> Response:
    """The form again, with the API's own status, sentence and headers; script that asks for it gets the problem."""
    problem = service_problem(error)
    if wants_json():
        return problem
    shown = render("login.html", problem.status_code, target=target, told="", refusal=error.detail, username=username)
    if "Retry-After" in problem.headers:
        shown.headers["Retry-After"] = problem.headers["Retry-After"]
    return shown


@action("/logout", None)
def log_out() -> Response:
    """The session's end; what the browser kept of its pages goes, too."""
    _end_current()
    answer = see("login", told="out")
    answer.headers["Clear-Site-Data"] = '"cache"'
    session.take(answer)
    return answer


def _end_current() -> None:
    found = session.current()
    if found is not None:
        get(SessionStore).end(found.id, found.caller.id)


@action("/token", Role.PUBLISHER)
def upload_token() -> Response:
    """A login's token for ten minutes, by which the page sends files to the API."""
    found = session.current_session()
    expires_at = min(moment_after(UPLOAD_TOKEN), found.expires_at.replace(microsecond=0))
    token = tokens.encode("user", found.caller.id, found.caller.series, expires_at)
    return json_answer({"token": token, "expires_at": rfc3339(expires_at)})


@action("/theme", None)
def choose_theme() -> Response:
    """Keep the theme in a cookie; it is the browser's, not the user's."""
    form = form_fields(ThemeForm)
    answer = see_path(within(form["next"]))
    preferences.keep(answer, preferences.THEME_COOKIE, form["theme"])
    return answer
