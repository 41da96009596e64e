"""Steps of a login, and of making and changing users and machine tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from app.accounts import tokens
from app.accounts.login_limit import LoginLimit
from app.accounts.passwords import Passwords
from app.accounts.roles import Role
from app.accounts.store import AccountStore, TokenRow, UserRow, new_series
from app.accounts.usernames import is_username
from app.errors import WrongCredentials

DEFAULT_TOKEN_DAYS = 365


@dataclass(frozen=True, slots=True)
class Login:
    """A login that was let in, with its token."""

    token: str
    expires_at: datetime
    user: UserRow


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A machine token as it is made: the only time that the token itself is known."""

    token: str
    row: TokenRow


class AccountManager:
    """All that happens to accounts. Every method may raise DatabaseUnavailable."""

    def __init__(self, store: AccountStore, limit: LoginLimit, passwords: Passwords, login_duration: int) -> None:
        """`login_duration`: seconds that the token of a login lasts."""
        self.store = store
        self.limit = limit
        self.passwords = passwords
        self.login_duration = timedelta(seconds=login_duration)

    def login(self, username: str, password: str, address: str) -> Login:
        """Let a user in from a network address, with a token. Raises TooManyLogins, WrongCredentials."""
        user = self.recognise(username, password, address)
        expires_at = moment_after(self.login_duration)
        return Login(tokens.encode("user", user.id, user.token_series, expires_at), expires_at, user)

    def recognise(self, username: str, password: str, address: str) -> UserRow:
        """The user whose password this is, with `token_series`; within the limit of failures for name and address.

        Raises TooManyLogins, WrongCredentials.
        """
        with self.limit.attempt(username, address):
            return self._recognised(username, password)

    def refuse_login(self, username: str, address: str) -> NoReturn:
        """Refuse a login for which there is no room now. Raises TooManyLogins where it is known, else Overloaded."""
        self.limit.refuse(username, address)

    def _recognised(self, username: str, password: str) -> UserRow:
        user = self.store.credentials(username) if is_username(username) else None
        matches = self.passwords.match(user.password_hash if user else None, password)
        if user is None or not matches or not user.is_active:
            raise WrongCredentials
        return user

    def create_user(self, username: str, password: str, role: Role) -> UserRow:
        """Add a user. Raises UsernameTaken."""
        return self.store.add_user(username, self.passwords.hash(password), role)

    def change_user(
        self,
        user_id: int,
        *,
        role: Role | None = None,
        password: str | None = None,
        is_active: bool | None = None,
    ) -> UserRow:
        """Change what is given; a new password ends the user's tokens. Raises UserNotFound, LastAdmin."""
        changes: dict[str, Any] = {}
        if role is not None:
            changes["role"] = role.label
        if is_active is not None:
            changes["is_active"] = is_active
        if password is not None:
            changes |= {"password_hash": self.passwords.hash(password), "token_series": new_series()}
        return self.store.change_user(user_id, changes) if changes else self.store.user(user_id)

    def create_token(
        self, name: str, role: Role, expires_in_days: int = DEFAULT_TOKEN_DAYS, *, created_by: str
    ) -> IssuedToken:
        """Make a machine token that lasts `expires_in_days` days."""
        expires_at = moment_after(timedelta(days=expires_in_days))
        row, series = self.store.add_token(name, role, expires_at, created_by)
        return IssuedToken(tokens.encode("token", row.id, series, expires_at), row)


def moment_after(duration: timedelta) -> datetime:
    """Now plus `duration`, to the second, as a token's claim `exp` can say it."""
    return (datetime.now(UTC) + duration).replace(microsecond=0)
