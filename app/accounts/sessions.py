"""Sessions of the console: a random key in a browser's cookie, its SHA-256 in a row beside the user.

A row rather than a signed token: it can be listed, and ended from one request to the next.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select

from app.accounts.caller import Caller
from app.accounts.models import BROWSER_LENGTH, SessionRecord, User
from app.accounts.roles import Role
from app.database import Database, compiled

KEY_BYTES = 32
MAX_KEY_LENGTH = 64
"""Characters of a cookie's value that are looked at; ours have 43."""

CLEARED_AT_ONCE = 100
MAX_LISTED = 100

SessionRow = Row[*tuple[Any, ...]]
LISTED = (
    SessionRecord.id,
    SessionRecord.address,
    SessionRecord.browser,
    SessionRecord.created_at,
    SessionRecord.expires_at,
)

_COUNTS = (
    User.id == SessionRecord.user_id,
    User.is_active,
    User.token_series == SessionRecord.token_series,
    SessionRecord.expires_at > func.statement_timestamp(),
)
"""A new password draws a new series, which ends the user's sessions as it ends their tokens."""

_FIND = compiled(
    select(SessionRecord.id, SessionRecord.expires_at, User.id.label("user_id"), User.username, User.role)
    .add_columns(User.token_series)
    .join(User, User.id == SessionRecord.user_id)
    .where(SessionRecord.digest == bindparam("digest"), *_COUNTS)
)


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """A session that counts, and the user behind it as they are now."""

    id: int
    caller: Caller
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UserSessions:
    """How many sessions of a user count, and when the last one began."""

    number: int
    last: datetime


class SessionStore:
    """Sessions in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, duration: int) -> None:
        """`duration`: seconds that a session lasts."""
        self.database = database
        self.duration = timedelta(seconds=duration)

    def begin(self, user_id: int, series: str, *, address: str, browser: str) -> str:
        """Begin a session of a user who has just logged in; returns its key, which is kept nowhere."""
        key = secrets.token_urlsafe(KEY_BYTES)
        values = {
            "digest": _digest(key),
            "user_id": user_id,
            "token_series": series,
            "address": address,
            "browser": "".join(filter(str.isprintable, browser))[:BROWSER_LENGTH],
            "expires_at": datetime.now(UTC) + self.duration,
        }
        with self.database.writing() as connection:
            connection.execute(_clearing())
            connection.execute(insert(SessionRecord).values(values))
        return key

    def find(self, key: str) -> ConsoleSession | None:
        """The session of this key; None if there is none, or it or its user counts no more."""
        if len(key) > MAX_KEY_LENGTH:
            return None
        row = self.database.row(_FIND, {"digest": _digest(key)})
        if row is None:
            return None
        role = Role.labelled(row.role)
        caller = Caller(row.user_id, row.username, role, "user", is_active=True, series=row.token_series)
        return ConsoleSession(row.id, caller, row.expires_at)

    def of_user(self, user_id: int) -> Sequence[SessionRow]:
        """The user's sessions that count, the newest first, at most MAX_LISTED."""
        query = (
            select(*LISTED)
            .join(User, User.id == SessionRecord.user_id)
            .where(SessionRecord.user_id == user_id, *_COUNTS)
            .order_by(SessionRecord.created_at.desc(), SessionRecord.id.desc())
            .limit(MAX_LISTED)
        )
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def by_user(self, user_ids: Sequence[int]) -> dict[int, UserSessions]:
        """Of these users, the sessions that count; those without any are left out."""
        query = (
            select(SessionRecord.user_id, func.count(), func.max(SessionRecord.created_at))
            .join(User, User.id == SessionRecord.user_id)
            .where(SessionRecord.user_id.in_(user_ids), *_COUNTS)
            .group_by(SessionRecord.user_id)
        )
        with self.database.reading() as connection:
            return {user_id: UserSessions(number, last) for user_id, number, last in connection.execute(query)}

    def end(self, session_id: int, user_id: int) -> bool:
        """End a session of this user; whether there was one."""
        wanted = (SessionRecord.id == session_id, SessionRecord.user_id == user_id)
        with self.database.writing() as connection:
            return bool(connection.execute(delete(SessionRecord).where(*wanted)).rowcount)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _clearing() -> Any:
    """Each login removes more than it adds, so the table stays as small as the sessions that count."""
    ended = (
        select(SessionRecord.id)
        .where(SessionRecord.expires_at < func.statement_timestamp())
        .order_by(SessionRecord.expires_at)
        .limit(CLEARED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return delete(SessionRecord).where(SessionRecord.id.in_(ended))
