"""Versions of one package name, the newest first by SemVer, each with its files: keyset pages by a skip scan.

A page finds each version by one probe of the index behind the last one, whatever the number of files.
"""

import itertools
from dataclasses import dataclass
from datetime import datetime

from app.database import Database
from app.packages.store import PackageRow
from app.packages.versions import sort_key

MOST_COUNTED = 20_000
"""Files of a name up to which they are counted."""

ABOVE_ALL = "~"
"""Above every key of a version."""

PAGE = """
WITH RECURSIVE walked (version_key, steps) AS (
    (SELECT version_key, 1 FROM packages WHERE name = %(name)s AND version_key < %(after)s
     ORDER BY version_key DESC LIMIT 1)
    UNION ALL
    SELECT behind.version_key, steps + 1 FROM walked CROSS JOIN LATERAL
        (SELECT version_key FROM packages WHERE name = %(name)s AND version_key < walked.version_key
         ORDER BY version_key DESC LIMIT 1) AS behind
    WHERE steps < %(limit)s
)
SELECT files.* FROM walked CROSS JOIN LATERAL
    (SELECT * FROM packages WHERE name = %(name)s AND version_key = walked.version_key OFFSET 0) AS files
ORDER BY files.version_key DESC, files.version, files.platform, files.arch
"""

_ONE = "SELECT * FROM packages WHERE name = %(name)s AND version = %(version)s ORDER BY platform, arch"

_SOME = "SELECT * FROM packages WHERE id = ANY(%(ids)s) ORDER BY name, version_key DESC, version, platform, arch"

_OF_VERSIONS = """
SELECT * FROM packages WHERE name = %(name)s AND version = ANY(%(versions)s)
ORDER BY version_key DESC, version, platform, arch LIMIT %(limit)s
"""

TOTAL = """
SELECT count(*) AS files, coalesce(sum(file_size), 0) AS size, min(created_at) AS first_at
FROM (SELECT file_size, created_at FROM packages WHERE name = %(name)s LIMIT %(most)s) AS counted
"""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a name, and its files by platform and arch."""

    version: str
    files: tuple[PackageRow, ...]

    @property
    def is_prerelease(self) -> bool:
        """Whether it is a SemVer pre-release."""
        return bool(self.files[0].is_prerelease)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.file_size for file in self.files)

    @property
    def active(self) -> int:
        """How many of its files are not yanked."""
        return sum(file.is_active for file in self.files)

    @property
    def offered(self) -> int:
        """How many of its files may be offered: neither yanked nor blocked."""
        return sum(file.is_active and not file.blocked for file in self.files)

    @property
    def last(self) -> PackageRow:
        """The file that was uploaded last."""
        return max(self.files, key=lambda file: (file.created_at, file.id))


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A page of versions; `after` is the version behind which the next page begins, None if this is the last."""

    versions: tuple[Version, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """Files of a name, their bytes, and since when; `is_more`: only the first MOST_COUNTED were counted."""

    files: int
    size: int
    first_at: datetime | None
    is_more: bool


class VersionPages:
    """Reads versions and their files. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, name: str, limit: int, after: str | None = None) -> VersionPage:
        """At most `limit` versions (those of equal precedence are one) below `after`."""
        key = ABOVE_ALL if after is None else sort_key(after)
        rows = self.database.rows(PAGE, {"name": name, "after": key, "limit": limit + 1})
        keys = list(dict.fromkeys(row.version_key for row in rows))
        shown = [row for row in rows if row.version_key in keys[:limit]]
        versions = _by_version(shown)
        return VersionPage(versions, versions[-1].version if len(keys) > limit else None)

    def one(self, name: str, version: str) -> Version | None:
        """The version; None if there is none."""
        return next(iter(_by_version(self.database.rows(_ONE, {"name": name, "version": version}))), None)

    def files(self, ids: list[int]) -> list[PackageRow]:
        """The files of these ids that are there."""
        return self.database.rows(_SOME, {"ids": ids})

    def files_of(self, name: str, versions: list[str], limit: int) -> list[PackageRow]:
        """At most `limit` files of these versions."""
        return self.database.rows(_OF_VERSIONS, {"name": name, "versions": versions, "limit": limit})

    def total(self, name: str) -> Total:
        """How many files the name has."""
        (row,) = self.database.rows(TOTAL, {"name": name, "most": MOST_COUNTED + 1})
        return Total(row.files, int(row.size), row.first_at, is_more=row.files > MOST_COUNTED)


def _by_version(rows: list[PackageRow]) -> tuple[Version, ...]:
    groups = itertools.groupby(rows, key=lambda row: row.version)
    return tuple(Version(version, tuple(files)) for version, files in groups)
