"""What must be true after any fault, asked of the database and of the storage itself."""

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.objects.identity import IDENTITY
from tests.databases import connected
from tests.faults.client import Client
from tests.faults.site import Site

FAULTS = {
    "neither live nor settled": "SELECT count(*) FROM objects WHERE state IN ('writing', 'doomed')",
    "packages without a live key": """
        SELECT count(*) FROM packages p LEFT JOIN objects o ON o.key = p.object_key
        WHERE o.state IS DISTINCT FROM 'live'""",
    "live keys without a package": """
        SELECT count(*) FROM objects o LEFT JOIN packages p ON o.key = p.object_key
        WHERE o.state = 'live' AND p.id IS NULL""",
}


@dataclass
class Findings:
    """Counts of what must never be; all are 0 when all is well."""

    lost: int = 0
    """Acknowledged uploads that are not listed any more, or whose bytes do not come back."""
    rows_without_bytes: int = 0
    """Listed packages whose download is not 200 with the listed checksum."""
    left_objects: int = 0
    left_uploads: int = 0
    left_rows: int = 0
    """Ledger rows that are neither live nor settled, live ones without a package, packages without a live row."""
    examined: int = 0

    def add(self, other: "Findings") -> None:
        """Sum up."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def wrong(self) -> int:
        """All that must be 0."""
        return self.lost + self.rows_without_bytes + self.left_objects + self.left_uploads + self.left_rows


@dataclass
class Acknowledged:
    """What clients were told: uploads that must be there, and deletes after which they must not."""

    uploads: dict[int, str] = field(default_factory=dict)
    in_doubt: set[int] = field(default_factory=set)
    """Packages whose delete was not answered: either is right."""


def examine(site: Site, client: Client, acknowledged: Acknowledged, known: dict[int, str] | None = None) -> Findings:
    """Compare what was acknowledged, what is listed, and what downloads give.

    `known` has checksums that were compared with the bytes before: only the rest is downloaded.
    """
    known = {} if known is None else known
    found = Findings()
    listed = {package["id"]: package for package in client.packages()}
    for package_id, package in listed.items():
        if package_id not in known:
            answer = client.download(package_id)
            if answer.status != 200 or hashlib.sha256(answer.body).hexdigest() != package["checksum"]:
                found.rows_without_bytes += 1
                continue
            known[package_id] = package["checksum"]
        found.examined += 1
    for package_id, checksum in acknowledged.uploads.items():
        if package_id in acknowledged.in_doubt and package_id not in listed:
            continue
        if package_id not in listed or listed[package_id]["checksum"] != checksum:
            found.lost += 1
    return found


def leftovers(site: Site) -> Findings:
    """Reconcile with no grace, then count what the storage has beyond the packages' own objects."""
    outcome = site.parts.reconciler.run(timedelta(0))
    assert not outcome.failed, outcome
    found = Findings()
    keys, rows = _keys_and_faults(site)
    found.left_rows = rows
    found.left_objects = len(stored_keys(site) ^ keys)
    found.left_uploads = open_uploads(site)
    return found


def stored_keys(site: Site) -> set[str]:
    """Every key in the bucket but the storage's identity, which is no package's."""
    return {str(each.object_name) for each in site.bucket_client.list_objects(site.bucket, recursive=True)} - {IDENTITY}


def open_uploads(site: Site) -> int:
    """Multipart uploads that the S3 still holds, by MinIO's own folder: it lists them only by whole keys."""
    root = site.s3_folder / ".minio.sys" / "multipart"
    return sum(1 for folder, _, files in os.walk(root) if "xl.meta" in files and not re.search(r"part\.\d", folder))


def query(site: Site, statement: str) -> list[tuple[Any, ...]]:
    """Rows straight from the database."""
    with contextlib.closing(connected(site.direct_url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _keys_and_faults(site: Site) -> tuple[set[str], int]:
    keys = {row[0] for row in query(site, "SELECT object_key FROM packages")}
    faults = sum(query(site, statement)[0][0] for statement in FAULTS.values())
    return keys, faults
