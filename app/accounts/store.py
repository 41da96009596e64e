"""Transactions on users and machine tokens."""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.caller import Caller
from app.accounts.caller_queries import find_caller
from app.accounts.models import SERIES_LENGTH, MachineToken, User
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.database import Database
from app.errors import DatabaseUnavailable, LastAdmin, TokenNotFound, UsernameTaken, UserNotFound

USER_COLUMNS = (User.id, User.username, User.role, User.is_active, User.created_at)
TOKEN_COLUMNS = (
    MachineToken.id,
    MachineToken.name,
    MachineToken.role,
    MachineToken.created_at,
    MachineToken.expires_at,
    MachineToken.created_by,
    MachineToken.last_used_on,
)

_NOTE_USE = """
UPDATE tokens SET last_used_on = current_date
WHERE id = %(token_id)s AND last_used_on IS DISTINCT FROM current_date RETURNING id
"""

UserRow = Row[*tuple[Any, ...]]
TokenRow = Row[*tuple[Any, ...]]


def new_series() -> str:
    """A fresh token series."""
    return secrets.token_hex(SERIES_LENGTH // 2)


class AccountStore:
    """Users and machine tokens in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def caller(self, claims: Claims) -> Caller | None:
        """Who a token with these claims speaks for; None if it has been ended."""
        return find_caller(self.database, claims)

    def credentials(self, username: str) -> UserRow | None:
        """The user of this name with `password_hash` and `token_series`; None if there is none."""
        query = select(*USER_COLUMNS, User.password_hash, User.token_series).where(User.username == username)
        with self.database.reading() as connection:
            return connection.execute(query).one_or_none()

    def add_user(self, username: str, password_hash: str, role: Role) -> UserRow:
        """Add a user. Raises UsernameTaken."""
        statement = (
            insert(User)
            .values(username=username, password_hash=password_hash, role=role.label, token_series=new_series())
            .on_conflict_do_nothing(index_elements=[User.username])
            .returning(*USER_COLUMNS)
        )
        with self.database.writing() as connection:
            row = connection.execute(statement).one_or_none()
            if row is None:
                raise UsernameTaken
            return row

    def user(self, user_id: int) -> UserRow:
        """The user. Raises UserNotFound."""
        with self.database.reading() as connection:
            row = connection.execute(select(*USER_COLUMNS).where(User.id == user_id)).one_or_none()
        return _existing_user(row)

    def users(self, limit: int, after: int) -> Sequence[UserRow]:
        """At most `limit` users with ids over `after`, by id."""
        query = select(*USER_COLUMNS).where(User.id > after).order_by(User.id).limit(limit)
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def change_user(self, user_id: int, changes: Mapping[str, Any]) -> UserRow:
        """Set columns of a user. Raises UserNotFound, and LastAdmin if no active admin would be left."""
        statement = update(User).where(User.id == user_id).values(**changes).returning(*USER_COLUMNS)
        stays_admin = changes.get("role", "admin") == "admin" and changes.get("is_active", True)
        with self.database.writing() as connection:
            if not stays_admin:
                _insist_on_another_admin(connection, user_id)
            return _existing_user(connection.execute(statement).one_or_none())

    def delete_user(self, user_id: int) -> None:
        """Remove a user. Raises UserNotFound, and LastAdmin if no active admin would be left."""
        statement = delete(User).where(User.id == user_id).returning(*USER_COLUMNS)
        with self.database.writing() as connection:
            _insist_on_another_admin(connection, user_id)
            _existing_user(connection.execute(statement).one_or_none())

    def add_token(self, name: str, role: Role, expires_at: datetime, created_by: str) -> tuple[TokenRow, str]:
        """Add a machine token; returns its row and its series."""
        series = new_series()
        statement = insert(MachineToken).values(
            name=name, role=role.label, token_series=series, expires_at=expires_at, created_by=created_by
        )
        with self.database.writing() as connection:
            return connection.execute(statement.returning(*TOKEN_COLUMNS)).one(), series

    def note_use(self, token_id: int) -> None:
        """Keep that a machine token was used today: the first use of a day costs one statement more.

        That it can't be kept now keeps nobody from anything; the next use tries again.
        """
        with contextlib.suppress(DatabaseUnavailable):
            self.database.row(_NOTE_USE, {"token_id": token_id})

    def token(self, token_id: int) -> TokenRow:
        """The machine token. Raises TokenNotFound."""
        query = select(*TOKEN_COLUMNS).where(MachineToken.id == token_id)
        with self.database.reading() as connection:
            return _existing_token(connection.execute(query).one_or_none())

    def tokens(self, limit: int, after: int) -> Sequence[TokenRow]:
        """At most `limit` machine tokens with ids over `after`, by id."""
        query = select(*TOKEN_COLUMNS).where(MachineToken.id > after).order_by(MachineToken.id).limit(limit)
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def ending_tokens(self, within: timedelta, limit: int) -> Sequence[TokenRow]:
        """At most `limit` machine tokens that end from now on until `within`, the first to end first."""
        ends, now = MachineToken.expires_at, func.now()
        query = select(*TOKEN_COLUMNS).where(ends > now, ends <= now + within).order_by(ends, MachineToken.id)
        with self.database.reading() as connection:
            return connection.execute(query.limit(limit)).all()

    def delete_token(self, token_id: int) -> None:
        """Remove a machine token, which ends it at once. Raises TokenNotFound."""
        statement = delete(MachineToken).where(MachineToken.id == token_id).returning(*TOKEN_COLUMNS)
        with self.database.writing() as connection:
            _existing_token(connection.execute(statement).one_or_none())


def _insist_on_another_admin(connection: Connection, user_id: int) -> None:
    """Raise LastAdmin if `user_id` is the only active admin.

    Locks all active admins: of two requests that each count on the other's admin, the second waits and sees.
    """
    admins = select(User.id).where(User.role == Role.ADMIN.label, User.is_active).order_by(User.id)
    if connection.scalars(admins.with_for_update()).all() == [user_id]:
        raise LastAdmin


def _existing_user(row: UserRow | None) -> UserRow:
    if row is None:
        raise UserNotFound
    return row


def _existing_token(row: TokenRow | None) -> TokenRow:
    if row is None:
        raise TokenNotFound
    return row
