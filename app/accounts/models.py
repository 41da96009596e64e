"""Tables of users, machine tokens, sessions of the console, and the recent logins that the rate limit counts."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.roles import LABELS
from app.database.model import Base

NAME_LENGTH = 100
PASSWORD_HASH_LENGTH = 255
ADDRESS_LENGTH = 64
BROWSER_LENGTH = 255
SERIES_LENGTH = 32
"""Hex digits of a token series: 128 random bits."""

ROLE_CHECK = f"role IN ({', '.join(repr(label) for label in LABELS)})"
SERIES_CHECK = f"token_series ~ '^[0-9a-f]{{{SERIES_LENGTH}}}$'"


class User(Base):
    """Someone who logs in with a password.

    Every token carries the `token_series` its owner had when it was made, and counts only while the owner
    still has it: a new password draws a new series. Being random, it also keeps tokens from a lost or
    restored database from fitting a row that was given the same id again.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("username ~ '^[A-Za-z0-9._@-]+$'", name="username"),
        CheckConstraint(ROLE_CHECK, name="role"),
        CheckConstraint(SERIES_CHECK, name="token_series"),
        Index("ix_users_active_admins", "id", postgresql_where=text("role = 'admin' AND is_active")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    username: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), unique=True)
    password_hash: Mapped[str] = mapped_column(String(PASSWORD_HASH_LENGTH))
    role: Mapped[str] = mapped_column(String(9))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    token_series: Mapped[str] = mapped_column(String(SERIES_LENGTH, collation="C"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class MachineToken(Base):
    """A token for a program. The row is the permission: without it the token is worth nothing."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name"),
        CheckConstraint(ROLE_CHECK, name="role"),
        CheckConstraint(SERIES_CHECK, name="token_series"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    role: Mapped[str] = mapped_column(String(9))
    token_series: Mapped[str] = mapped_column(String(SERIES_LENGTH, collation="C"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    last_used_on: Mapped[date | None] = mapped_column(Date)


class SessionRecord(Base):
    """A login of the console. `digest` is the SHA-256 of the key in the browser's cookie, in hex.

    It counts until `expires_at`, and while its user is active and has the `token_series` that they logged in with.
    """

    __tablename__ = "console_sessions"
    __table_args__ = (
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        Index("ix_console_sessions_user_id", "user_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    token_series: Mapped[str] = mapped_column(String(SERIES_LENGTH, collation="C"))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    browser: Mapped[str] = mapped_column(String(BROWSER_LENGTH))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class LoginAttempt(Base):
    """A login under way or failed. `login_key` is a hash, so that a name of any length takes 32 bytes."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        CheckConstraint("length(login_key) = 32", name="login_key"),
        Index("ix_login_attempts_login_key", "login_key", "attempted_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    login_key: Mapped[bytes] = mapped_column(LargeBinary)
    attempted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    failed: Mapped[bool] = mapped_column(server_default=text("false"))
