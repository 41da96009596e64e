"""What the service answers with, as frozen dataclasses. Fields that are not known yet are ignored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Package:
    """A file for one name, version, platform and arch. `file_size` in bytes; `checksum`: SHA-256 in hex."""

    id: int
    name: str
    version: str
    platform: str
    arch: str
    file_name: str
    file_size: int
    checksum: str
    storage_path: str = ""
    description: str = ""
    is_active: bool = True
    created_at: str = ""
    updated_at: str = ""
    created_by: str = ""
    created_by_kind: str = ""
    is_semver: bool = True
    download_url: str = ""
    trust: str = "none"
    blocked: bool = False


@dataclass(frozen=True)
class Signature:
    """A signature file of a package. `size` in bytes; `verified_by`: POLICY/SIGNER of those that accept it."""

    digest: str
    format: str
    size: int
    signer: Mapping[str, Any] = field(default_factory=dict)
    predicate_type: str | None = None
    signed_at: str | None = None
    verified_by: tuple[str, ...] = ()
    created_at: str = ""
    created_by: str = ""


@dataclass(frozen=True)
class Channel:
    """What agents should have. `etag`: of this state, for If-Match; "" in lists."""

    name: str
    description: str = ""
    match: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[Mapping[str, str], ...] = ()
    created_at: str = ""
    updated_at: str = ""
    etag: str = ""


@dataclass(frozen=True)
class Installations:
    """How many agents have a file, are at it, failed at it, or are offered it.

    `waiting`: those that a roll-out has not come to yet; only `wait` counts them.
    """

    installed: int = 0
    installing: int = 0
    failed: int = 0
    offered: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.installed + self.installing + self.failed + self.offered + self.waiting

    def __add__(self, other: Installations) -> Installations:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other))
        return Installations(*(one + another for one, another in pairs))


@dataclass(frozen=True)
class Rollout:
    """A channel's way to what its list has come to. `reason`: why it stopped, or what it waits for."""

    id: int
    channel: str
    state: str
    reason: str | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    created_at: str = ""

    def brings(self, name: str, version: str) -> bool:
        """Whether agents get this version by it."""
        return any((change["name"], change["to"]) == (name, version) for change in self.changes)


@dataclass(frozen=True)
class User:
    """Who a token is."""

    username: str
    role: str
    kind: str = "user"
    id: int = 0
    is_active: bool = True


@dataclass(frozen=True)
class Upload:
    """An upload in pieces that is not complete yet. `length` and `offset` in bytes."""

    id: str
    name: str
    version: str
    platform: str
    arch: str
    length: int
    offset: int
    file_name: str = ""
    checksum: str | None = None
    created_at: str = ""
    created_by: str = ""
    idle_seconds: float = 0.0
    expires_at: str = ""


def made(kind: type[Kind], document: Any) -> Kind:
    """`document` as a `kind`; what it does not know is left out. Raises TypeError if something is missing."""
    if not isinstance(document, dict):
        raise TypeError(f"The service did not answer with a {kind.__name__}.")
    known = {each.name for each in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values = {name: value for name, value in document.items() if name in known}
    values.update({name: tuple(value) for name, value in values.items() if isinstance(value, list)})
    return kind(**values)
