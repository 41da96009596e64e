"""What of all packages people should look at: the newest publications, and damaged files."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Database
from app.packages.store import PackageRow

_NEWEST = "SELECT * FROM packages ORDER BY created_at DESC, id DESC LIMIT %(limit)s"
_DAMAGED = "SELECT * FROM packages WHERE damaged_at IS NOT NULL ORDER BY id LIMIT %(limit)s"

_STORED = """
SELECT (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'packages'::regclass) AS files,
       (SELECT max(finished_at) FROM scrub_runs) AS scrubbed_at,
       (SELECT max(started_at) FROM scrub_runs WHERE finished_at IS NULL) AS scrubbing_since,
       reconciled.finished_at AS reconciled_at, reconciled.given_up, reconciled.deleted, reconciled.failed
FROM (SELECT) AS always LEFT JOIN last_reconcile AS reconciled ON true
"""

_SIZES = """
SELECT coalesce(sum(file_size), 0)::bigint AS size, count(*) AS files FROM packages TABLESAMPLE SYSTEM (%(percent)s)
"""

FILES_LOOKED_AT = 200
FILES_WEIGHED = 10_000
"""About how many files' sizes the sum of all is estimated from."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Files of one version that one publisher uploaded one after another."""

    name: str
    version: str
    files: int
    last_at: datetime
    publisher: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """When reconcile ended last: uploads that it gave up, objects that it deleted and that the storage did not."""

    at: datetime
    given_up: int
    deleted: int
    failed: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Files as PostgreSQL estimates them, the last scrub's end, the begin of one that goes on, the last reconcile."""

    files: int
    scrubbed_at: datetime | None
    scrubbing_since: datetime | None
    reconciled: Reconciled | None


@dataclass(frozen=True, slots=True)
class Volume:
    """All files and their bytes; estimated, if it is not exact."""

    files: int
    size: int
    is_exact: bool


class Attention:
    """Reads them. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def publications(self, limit: int) -> list[Publication]:
        """The last `limit` publications among the last FILES_LOOKED_AT files."""
        found: dict[tuple[str, str, str], list[PackageRow]] = {}
        for row in self.database.rows(_NEWEST, {"limit": FILES_LOOKED_AT}):
            found.setdefault((row.name, row.version, row.created_by), []).append(row)
        groups = list(found.items())[:limit]
        return [
            Publication(name, version, len(files), files[0].created_at, publisher)
            for (name, version, publisher), files in groups
        ]

    def damaged(self, limit: int) -> list[PackageRow]:
        """At most `limit` files whose stored bytes are missing or damaged."""
        return self.database.rows(_DAMAGED, {"limit": limit})

    def stored(self) -> Stored:
        """How many files there are, about, and when they were last read against their checksums."""
        (row,) = self.database.rows(_STORED, {})
        run = (row.reconciled_at, row.given_up, row.deleted, row.failed)
        return Stored(row.files, row.scrubbed_at, row.scrubbing_since, Reconciled(*run) if row.reconciled_at else None)

    def volume(self, files: int) -> Volume:
        """Of about `files` files: all of them added up, or what a sample of about FILES_WEIGHED makes likely."""
        percent = min(100.0, 100 * FILES_WEIGHED / max(1, files))
        (row,) = self.database.rows(_SIZES, {"percent": percent})
        if percent == 100:
            return Volume(row.files, row.size, is_exact=True)
        return Volume(files, files * row.size // max(1, row.files), is_exact=False)
