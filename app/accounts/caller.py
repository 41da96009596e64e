"""Who makes a request."""

from dataclasses import dataclass
from typing import Literal

from app.accounts.roles import Role

Kind = Literal["user", "token"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The user or machine token behind a request, as its row is now; `username` of a token is its name."""

    id: int
    username: str
    role: Role
    kind: Kind
    is_active: bool

    @property
    def subject(self) -> str:
        """What a token of this caller says in its claim `sub`."""
        return f"{self.kind}:{self.id}"
