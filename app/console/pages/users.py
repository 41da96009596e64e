"""Users: the list, a new one, and changes; the last admin stays."""

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.manager import AccountManager
from app.accounts.roles import LABELS, Role
from app.accounts.schemas import NewUserSchema, UserChangeSchema
from app.accounts.sessions import SessionStore
from app.accounts.store import AccountStore
from app.console.blueprint import action, page
from app.console.forms import form_pairs, loaded, query_fields
from app.console.links import public, see
from app.console.rendering import render
from app.errors import Invalid, LastAdmin, UsernameTaken
from app.http.fields import QueryNumber
from app.http.query import no_parameters
from app.http.services import get
from app.http.validation import load

ROWS = 100

Errors = dict[str, list[str]]


class UsersQuery(Schema):
    """The id that the page follows."""

    after = QueryNumber(validate=validate.Range(0, 2**63 - 1))


class ChangeForm(Schema):
    """A change of one thing: what is empty stays."""

    role = fields.String(load_default="")
    password = fields.String(load_default="")
    is_active = fields.String(load_default="", validate=validate.OneOf(["", "true", "false"]))


@page("/users", Role.ADMIN)
def users() -> Response:
    """All users, the oldest first."""
    return _list(query_fields(UsersQuery).get("after", 0))


@action("/users", Role.ADMIN)
def new_user() -> Response:
    """Add a user."""
    no_parameters()
    pairs = form_pairs()
    typed = {name: value for name, value in pairs if name != "password"}
    try:
        get(AccountManager).create_user(**loaded(NewUserSchema, pairs))
    except Invalid as error:
        return _list(0, 422, typed=typed, errors=dict(error.errors))
    except UsernameTaken as error:
        return _list(0, 409, typed=typed, errors={"username": [error.detail]})
    return see("users")


@action("/users/<bigint:user_id>", Role.ADMIN)
def change_user(user_id: int) -> Response:
    """Change a user's role, password or activity."""
    no_parameters()
    form = loaded(ChangeForm, form_pairs())
    wanted: dict[str, Any] = {name: value for name, value in form.items() if value != ""}
    if "is_active" in wanted:
        wanted["is_active"] = wanted["is_active"] == "true"
    return _changed(lambda: get(AccountManager).change_user(user_id, **load(UserChangeSchema(), wanted)))


@action("/users/<bigint:user_id>/delete", Role.ADMIN)
def delete_user(user_id: int) -> Response:
    """Remove a user; what they uploaded stays, under their name."""
    no_parameters()
    return _changed(lambda: get(AccountStore).delete_user(user_id))


def _changed(change: Callable[[], object]) -> Response:
    try:
        change()
    except LastAdmin as error:
        return _list(0, 409, told=error.detail)
    except Invalid as error:
        return _list(0, 422, errors=dict(error.errors))
    return see("users")


def _list(
    after: int,
    status: int = 200,
    *,
    typed: dict[str, str] | None = None,
    errors: Errors | None = None,
    told: str = "",
) -> Response:
    rows = get(AccountStore).users(ROWS + 1, after)
    sessions = get(SessionStore).by_user([row.id for row in rows])
    return render(
        "users.html",
        status,
        rows=[(row, sessions.get(row.id)) for row in rows[:ROWS]],
        behind=rows[ROWS - 1].id if len(rows) > ROWS else None,
        after=after,
        roles=LABELS,
        typed={"username": "", "role": "agent", **(typed or {})},
        errors=errors or {},
        told=told,
        curl=f'curl -fsS "{public("/api/v1/users")}" -H "Authorization: Bearer $TOKEN"',
    )
