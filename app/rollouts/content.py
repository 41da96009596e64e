"""Content of an edition: a channel's list with the newest file of each package for each platform and arch.

A file is kept as a ceiling: what is offered is the newest active file up to it. So no upload gets in from above, and
what is yanked or deleted gives way to the next lower one by itself.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.packages.platforms import ANY_ARCH


class File(NamedTuple):
    """The ceiling of a package for one platform and arch."""

    name: str
    platform: str
    arch: str
    version_key: str
    id: int
    version: str


@dataclass(frozen=True)
class Content:
    """An edition's list, each package with name, version and type, and its files."""

    packages: tuple[dict[str, Any], ...]
    files: tuple[File, ...]

    @classmethod
    def read(cls, kept: dict[str, Any]) -> "Content":
        """The content that a row keeps as JSON."""
        return cls(tuple(kept["packages"]), tuple(File(*file) for file in kept["files"]))

    def kept(self) -> dict[str, Any]:
        """The JSON for the row."""
        return asdict(self) | {"files": [list(file) for file in self.files]}

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of what agents of all platforms get by it; the wording of versions plays no part."""
        kinds = sorted(json.dumps(_kind(package), sort_keys=True) for package in self.packages)
        return hashlib.sha256(json.dumps([kinds, sorted(file.id for file in self.files)]).encode()).hexdigest()

    @cached_property
    def by_place(self) -> dict[tuple[str, str, str], File]:
        """The files by name, platform and arch."""
        return {file[:3]: file for file in self.files}

    def for_agent(self, platform: str, arch: str) -> dict[str, tuple[Any, int]]:
        """What an agent gets, by name: the exact arch before `any`."""
        found = {}
        for package in self.packages:
            name = package["name"]
            file = self.by_place.get((name, platform, arch)) or self.by_place.get((name, platform, ANY_ARCH))
            if file is not None:
                found[name] = (_kind(package), file.id)
        return found

    def differs(self, other: "Content", platform: str, arch: str) -> bool:
        """Whether an agent of this platform and arch gets another thing by `other`."""
        return self.for_agent(platform, arch) != other.for_agent(platform, arch)


def _kind(package: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in package.items() if key != "version"}


def changes(before: Content, after: Content) -> list[dict[str, Any]]:
    """What `after` changes, by name, platform and arch: versions, None where there is no file."""
    return list(_changes(before.by_place, after.by_place))


def _changes(
    before: dict[tuple[str, str, str], File], after: dict[tuple[str, str, str], File]
) -> Iterator[dict[str, Any]]:
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place), after.get(place)
        if (old and old.id) != (new and new.id):
            name, platform, arch = place
            versions = {"from": old.version if old else None, "to": new.version if new else None}
            yield {"name": name, "platform": platform, "arch": arch, **versions}
