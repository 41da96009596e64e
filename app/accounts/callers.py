"""The one query that a request's token costs: role, activity and series of its owner, as they are now."""

from typing import Any

from sqlalchemy import bindparam, select, true

from app.accounts.caller import Caller, Kind
from app.accounts.models import MachineToken, User
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.database import Database, compiled

OWNERS: dict[Kind, Any] = {"user": User, "token": MachineToken}
"""Whose row answers for a token of each kind."""

OWNER_COLUMNS: dict[Kind, tuple[Any, ...]] = {
    "user": (User.username, User.role, User.is_active, User.token_series),
    "token": (MachineToken.name, MachineToken.role, true(), MachineToken.token_series),
}
"""What must be known of an owner, in the order that `caller_from` takes. Other queries may join these."""


def _query_text(kind: Kind) -> str:
    return compiled(select(*OWNER_COLUMNS[kind]).where(OWNERS[kind].id == bindparam("id")))


QUERY_TEXTS: dict[Kind, str] = {"user": _query_text("user"), "token": _query_text("token")}



def find_caller(database: Database, claims: Claims) -> Caller | None:
    """Who has these claims' series now; None if no one has, or who has is disabled."""
    row = database.row(QUERY_TEXTS[claims.kind], {"id": claims.id})
    return None if row is None else caller_from(claims, *row)


def caller_from(claims: Claims, name: str, role: str, is_active: bool, series: str) -> Caller | None:
    """The caller whose row this is; None if the claims are of another series or the row is disabled."""
    if series != claims.series or not is_active:
        return None
    return Caller(claims.id, name, Role.labelled(role), claims.kind, is_active=True, series=series, file=claims.file)
