"""The caller of a request: the user or machine token behind it, and the one file that a file token opens."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from app.accounts.roles import Role
from app.errors import Forbidden

Kind = Literal["user", "token"]


@dataclass(frozen=True, slots=True)
class FileScope:
    """The one file that a file token opens: a package as it is now, at one path."""

    package_id: int
    checksum: str
    path_digest: str

    @classmethod
    def of(cls, package_id: int, checksum: str, path: str) -> "FileScope":
        """The scope of the package with this SHA-256 (hex), at this path."""
        return cls(package_id, checksum, path_digest(path))

    def is_at(self, path: str) -> bool:
        """Whether this is the file's path."""
        return self.path_digest == path_digest(path)

    def is_package(self, package_id: int, checksum: str) -> bool:
        """Whether this is the package, with the bytes that the token was made for."""
        return (self.package_id, self.checksum) == (package_id, checksum)


def path_digest(path: str) -> str:
    """A path as a token carries it: short, whatever its length."""
    return hashlib.sha256(path.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Caller:
    """The user or machine token behind a request, as its row is now; `username` of a token is its name.

    `file`: the request came with a file token, which this caller's token has issued. `is_noted`: it is kept already
    that the token was used today.
    """

    id: int
    username: str
    role: Role
    kind: Kind
    is_active: bool
    series: str = field(default="", repr=False)
    file: FileScope | None = None
    is_noted: bool = True

    def insist_on(self, role: Role) -> None:
        """Raises Forbidden if the caller's role is lower than `role`."""
        if self.role < role:
            raise Forbidden(f"This needs the role {role.label}; yours is {self.role.label}.")

    @property
    def subject(self) -> str:
        """What a token of this caller says in its claim `sub`."""
        return f"{self.kind}:{self.id}"
