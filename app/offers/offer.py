"""Offer: the packages of one channel for one platform and architecture, with hashes that depend on no token."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class OfferedPackage:
    """A package of an offer. `checksum` is the file's SHA-256 in hex, `path` its place below the public URL.

    `name` and `version` are what the agent sees; `signature` is what the file comes with, empty for none.
    """

    name: str
    type: str
    version: str
    package_id: int
    checksum: str
    path: str
    url: str
    hash: bytes
    signature: bytes = b""


@dataclass(frozen=True)
class Offer:
    """What agents of a channel should have, on one platform; `unresolved` names what has no file for it."""

    channel: str
    packages: tuple[OfferedPackage, ...]
    unresolved: frozenset[str] = frozenset()

    @cached_property
    def hash(self) -> bytes:
        """The all_packages_hash."""
        return all_packages_hash(self.packages)

    @property
    def removes_all(self) -> bool:
        """Whether it is meant to be empty: the channel's list is."""
        return not self.packages and not self.unresolved


def package_hash(name: str, type_: str, version: str, checksum: str, url: str, *signature: str) -> bytes:
    """The hash that an agent keeps of a package: it changes with anything that would change what it installs."""
    return _digest("package", name, type_, version, checksum, url, *signature)


def all_packages_hash(packages: Sequence[OfferedPackage]) -> bytes:
    """The hash of a whole offer, whatever the order of `packages`; never empty."""
    return _digest("offer", *(f"{package.name} {package.hash.hex()}" for package in sorted(packages, key=_name)))


def _name(package: OfferedPackage) -> str:
    return package.name


def _digest(*parts: str) -> bytes:
    return hashlib.sha256(json.dumps(["opamp-packages", 1, *parts]).encode()).digest()
