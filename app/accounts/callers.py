"""The one query that a request's token costs: role, activity and series of its owner, as they are now."""

from typing import Any

from sqlalchemy import Connection, bindparam, select, true
from sqlalchemy.dialects.postgresql import psycopg2

from app.accounts.caller import Caller, Kind
from app.accounts.models import MachineToken, User
from app.accounts.roles import Role
from app.accounts.tokens import Claims

OWNERS: dict[Kind, Any] = {"user": User, "token": MachineToken}
"""Whose row answers for a token of each kind."""

OWNER_COLUMNS: dict[Kind, tuple[Any, ...]] = {
    "user": (User.username, User.role, User.is_active, User.token_series),
    "token": (MachineToken.name, MachineToken.role, true(), MachineToken.token_series),
}
"""What must be known of an owner, in the order that `caller_from` takes. Other queries may join these."""


def _query_text(kind: Kind) -> str:
    query = select(*OWNER_COLUMNS[kind]).where(OWNERS[kind].id == bindparam("id"))
    return str(query.compile(dialect=psycopg2.dialect()))  # type: ignore[no-untyped-call]


QUERY_TEXTS: dict[Kind, str] = {"user": _query_text("user"), "token": _query_text("token")}
"""Kept as text: to have SQLAlchemy look its own compilation up costs as much as PostgreSQL's answer."""


def find_caller(connection: Connection, claims: Claims) -> Caller | None:
    """Who has these claims' series now; None if no one has, or who has is disabled."""
    row = connection.exec_driver_sql(QUERY_TEXTS[claims.kind], {"id": claims.id}).one_or_none()
    return None if row is None else caller_from(claims, *row)


def caller_from(claims: Claims, name: str, role: str, is_active: bool, series: str) -> Caller | None:
    """The caller whose row this is; None if the claims are of another series or the row is disabled."""
    if series != claims.series or not is_active:
        return None
    return Caller(
        claims.id, name, Role.labelled(role), claims.kind, is_active=True, series=series, file=claims.file
    )
