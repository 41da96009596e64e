"""Scrubbing: reads every object again, since nothing else notices bytes that changed in the storage."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from app.database import Database
from app.errors import ObjectChanged, ObjectNotFound, PackageNotFound, ServiceError
from app.packages.models import Package, ScrubRun
from app.packages.reader import Pace, PackageReader, StorageContradicts
from app.packages.store import COLUMNS, PackageRow

BATCH = 100


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a run still has to read."""

    packages: int
    size: int


class ScrubLog:
    """Runs of scrub in PostgreSQL, so that one that was interrupted goes on where it was."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self) -> datetime:
        """When the run began that is to be continued; a new run if there is none."""
        unfinished = select(ScrubRun.started_at).where(ScrubRun.finished_at.is_(None)).order_by(ScrubRun.id.desc())
        with self.database.writing() as connection:
            begun = connection.scalar(unfinished.limit(1))
            return begun or connection.execute(insert(ScrubRun).returning(ScrubRun.started_at)).scalar_one()

    def finish(self) -> None:
        """Note that the run has read everything."""
        with self.database.writing() as connection:
            connection.execute(update(ScrubRun).where(ScrubRun.finished_at.is_(None)).values(finished_at=func.now()))

    def remaining(self, started_at: datetime) -> Remaining:
        """How much the run that began then has yet to read."""
        statement = select(func.count(), func.coalesce(func.sum(Package.file_size), 0)).where(unread(started_at))
        with self.database.reading() as connection:
            packages, size = connection.execute(statement).one()
        return Remaining(packages, int(size))

    def packages(self, started_at: datetime) -> Iterator[PackageRow]:
        """Packages not read since then, by id."""
        after = 0
        statement = select(*COLUMNS).where(unread(started_at)).order_by(Package.id).limit(BATCH)
        while batch := self._batch(statement.where(Package.id > after)):
            yield from batch
            after = batch[-1].id

    def damaged(self) -> list[PackageRow]:
        """Every package that carries the mark."""
        return self._batch(select(*COLUMNS).where(Package.damaged_at.is_not(None)).order_by(Package.id))

    def _batch(self, statement: Select[Any]) -> list[PackageRow]:
        with self.database.reading() as connection:
            return list(connection.execute(statement))


class Scrubber:
    """Examines packages one by one."""

    def __init__(self, reader: PackageReader) -> None:
        self.reader = reader

    def examine(self, package: PackageRow, pace: Pace) -> bool:
        """Whether the package's bytes are right; clears or sets its mark.

        A package that was deleted meanwhile is right, and one whose object was replaced is looked at anew.
        Raises StorageUnavailable, DatabaseUnavailable.
        """
        try:
            found = self.reader.storage.stat(package.object_key)
            return self.reader.examine(package, found, pace) is not None
        except (ObjectNotFound, ObjectChanged) as error:
            return self._examine_again(package, pace, error)

    def _examine_again(self, package: PackageRow, pace: Pace, error: ServiceError) -> bool:
        try:
            current = self.reader.store.get(package.id)
        except PackageNotFound:
            return True
        if current.object_key != package.object_key:
            return self.examine(current, pace)
        if isinstance(error, ObjectChanged):
            raise StorageContradicts from error
        self.reader.store.mark_damaged(current)
        return False


class RateLimit:
    """Waits so that on average at most `rate` bytes per second are read; 0 for no limit."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.started = time.monotonic()
        self.read = 0

    def __call__(self, size: int) -> None:
        """Count a block of `size` bytes, and wait if it came too early."""
        self.read += size
        if self.rate:
            time.sleep(max(0.0, self.read / self.rate - (time.monotonic() - self.started)))


def unread(started_at: datetime) -> ColumnElement[bool]:
    """The condition that a package has not been read since then."""
    return or_(Package.verified_at.is_(None), Package.verified_at < started_at)
