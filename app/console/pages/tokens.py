"""Machine tokens: the list, a new one shown once, revoking."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.manager import DEFAULT_TOKEN_DAYS, AccountManager
from app.accounts.roles import LABELS, Role
from app.accounts.schemas import NewTokenSchema
from app.accounts.store import AccountStore
from app.console import session
from app.console.blueprint import action, page
from app.console.forms import form_pairs, loaded, query_fields
from app.console.links import public, see
from app.console.rendering import render
from app.errors import Invalid
from app.http.fields import QueryNumber
from app.http.query import no_parameters
from app.http.services import get
from app.http.validation import load

ROWS = 100
DAYS = re.compile(r"[0-9]{1,9}", re.ASCII)

SOON = 14
"""Days before its end from which on a token is marked."""


class TokensQuery(Schema):
    """The id that the page follows."""

    after = QueryNumber(validate=validate.Range(0, 2**63 - 1))


class TokenForm(Schema):
    """A token's fields as text."""

    name = fields.String(load_default="")
    role = fields.String(load_default="")
    expires_in_days = fields.String(load_default="")


@page("/tokens", Role.ADMIN)
def tokens() -> Response:
    """All machine tokens, the oldest first."""
    return _list(query_fields(TokensQuery).get("after", 0))


@action("/tokens", Role.ADMIN)
def new_token() -> Response:
    """Make a token: the answer is the only page that shows it."""
    no_parameters()
    pairs = form_pairs()
    try:
        wanted = load(NewTokenSchema(), _typed(loaded(TokenForm, pairs)))
    except Invalid as error:
        return _list(0, 422, typed=dict(pairs), errors=dict(error.errors))
    issued = get(AccountManager).create_token(**wanted, created_by=session.caller().username)
    return render("token.html", token=issued.token, row=issued.row, days=_days(issued.row.expires_at), url=public(""))


@action("/tokens/<bigint:token_id>/delete", Role.ADMIN)
def delete_token(token_id: int) -> Response:
    """Revoke a token, at once."""
    no_parameters()
    get(AccountStore).delete_token(token_id)
    return see("tokens")


def _list(
    after: int, status: int = 200, *, typed: dict[str, str] | None = None, errors: dict[str, list[str]] | None = None
) -> Response:
    rows = get(AccountStore).tokens(ROWS + 1, after)
    return render(
        "tokens.html",
        status,
        rows=[(row, _days(row.expires_at)) for row in rows[:ROWS]],
        behind=rows[ROWS - 1].id if len(rows) > ROWS else None,
        after=after,
        soon=SOON,
        roles=LABELS,
        typed={"name": "", "role": "publisher", "expires_in_days": str(DEFAULT_TOKEN_DAYS), **(typed or {})},
        errors=errors or {},
        curl=f'curl -fsS "{public("/api/v1/tokens")}" -H "Authorization: Bearer $TOKEN"',
    )


def _typed(form: dict[str, str]) -> dict[str, Any]:
    """The form as JSON would have it: the API takes no number as text."""
    days = form["expires_in_days"]
    return {**form, "expires_in_days": int(days) if DAYS.fullmatch(days) else days}


def _days(end: datetime) -> int:
    """Days until then, one that has begun included: all of a new token's; negative when it is over."""
    left = end - datetime.now(UTC)
    return -(-left // timedelta(days=1)) if left > timedelta(0) else -1
