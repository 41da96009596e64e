"""Join the token's owner to a query, so that authentication costs no round trip of its own."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Label, Select, Text, bindparam, cast, false, func, select, true

from app.accounts.caller import Caller, Kind
from app.accounts.models import MachineToken, User
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.database import Database, compiled

OWNERS: dict[Kind, Any] = {"user": User, "token": MachineToken}
"""Whose row answers for a token of each kind."""

NOTED = func.coalesce(MachineToken.last_used_on == func.current_date(), false())
"""Whether it is kept that this token was used today; of users nothing is kept."""

OWNER_COLUMNS: dict[Kind, tuple[Any, ...]] = {
    "user": (User.username, User.role, User.is_active, User.token_series, true()),
    "token": (MachineToken.name, MachineToken.role, true(), MachineToken.token_series, NOTED),
}
"""What must be known of an owner."""

LABELS = ("owner_name", "owner_role", "owner_is_active", "owner_series", "owner_is_noted")


def owner(kind: Kind) -> Select[Any]:
    """The row of the token's owner, whose id is the parameter `owner_id`."""
    columns = (column.label(label) for column, label in zip(OWNER_COLUMNS[kind], LABELS, strict=True))
    return select(*columns).where(OWNERS[kind].id == bindparam("owner_id"))


QUERY_TEXTS: dict[Kind, str] = {"user": compiled(owner("user")), "token": compiled(owner("token"))}


def with_owner(query: str) -> dict[Kind, str]:
    """`query`, which finds one row at most with an `id`, joined to the token's owner, by the token's kind."""
    return {
        kind: f"SELECT * FROM ({owner}) AS owner LEFT JOIN ({query}) AS found ON true"  # noqa: S608 - texts of ours
        for kind, owner in QUERY_TEXTS.items()
    }


def changing_with_owner(change: str) -> dict[Kind, str]:
    """The same for a statement that changes one row at most and returns its `id`."""
    return {kind: f"WITH changed AS ({change}) {query}" for kind, query in with_owner("SELECT id FROM changed").items()}


def owner_as_text(kind: Kind) -> Label[Any]:
    """The column `owner` for queries of many rows: a JSON array, made once, that each row carries; NULL for no owner.

    Its five columns beside each of 101 rows cost a list a twelfth.
    """
    row = select(cast(func.json_build_array(*OWNER_COLUMNS[kind]), Text))
    return row.where(OWNERS[kind].id == bindparam("owner_id")).scalar_subquery().label("owner")


def find_caller(database: Database, claims: Claims) -> Caller | None:
    """Who has these claims' series now; None if no one has, or who has is disabled."""
    return _caller(claims, database.row(QUERY_TEXTS[claims.kind], {"owner_id": claims.id}))


def fetch_with_caller(
    database: Database, claims: Claims, queries: dict[Kind, str], parameters: dict[str, Any]
) -> tuple[Caller | None, Any]:
    """The caller as `find_caller` gives it, and the row that the query of `with_owner` has found, None if none."""
    row = database.row(queries[claims.kind], {**parameters, "owner_id": claims.id})
    return _caller(claims, row), None if row is None or row.id is None else row


def fetch_rows_with_caller(
    database: Database, claims: Claims, query: str, parameters: dict[str, Any], *, prepared: bool
) -> tuple[Caller | None, Sequence[Any]]:
    """The caller as `find_caller` gives it, and the rows of a query that has the column of `owner_as_text`."""
    rows = database.rows(query, {**parameters, "owner_id": claims.id}, prepared=prepared)
    return _caller(claims, _owner_in(rows[0])) if rows else find_caller(database, claims), rows


def change_with_caller(
    connection: Connection, caller: Caller, changes: dict[Kind, str], parameters: dict[str, Any]
) -> tuple[Caller | None, bool]:
    """Carry out the statement of `changing_with_owner`: the caller as it is by now, and whether a row was changed.

    None for a caller whose token has been ended; one that has only run out since the request came still counts.
    """
    statement = changes[caller.kind]
    row = connection.exec_driver_sql(statement, {**parameters, "owner_id": caller.id}).one_or_none()
    return _caller(caller, row), row is not None and row.id is not None


def _owner_in(row: Any) -> Any:
    return None if row.owner is None else SimpleNamespace(**dict(zip(LABELS, json.loads(row.owner), strict=True)))


def _caller(claims: Claims | Caller, row: Any) -> Caller | None:
    if row is None or row.owner_series != claims.series or not row.owner_is_active:
        return None
    role = Role.labelled(row.owner_role)
    return Caller(
        claims.id,
        row.owner_name,
        role,
        claims.kind,
        is_active=True,
        series=row.owner_series,
        file=claims.file,
        is_noted=row.owner_is_noted,
    )
