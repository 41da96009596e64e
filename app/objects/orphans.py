"""Orphans: objects that no ledger row names. Only a database that lost transactions, or was restored, leaves any."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.errors import StorageUnavailable
from app.objects.identity import IDENTITY
from app.objects.ledger import Ledger
from app.storage.interface import ListedObject, Storage

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What one run found and did: orphans and their bytes, what was too young to tell, and what became of them."""

    orphans: int = 0
    size: int = 0
    young: int = 0
    deleted: int = 0
    kept: int = 0
    """Listed, but with a row in the ledger when they were to be deleted."""

    @property
    def left(self) -> int:
        """Orphans that are still there."""
        return self.orphans - self.deleted - self.kept


class Orphans:
    """Compares the storage with the ledger, a page at a time; memory does not grow with either.

    A key is in the ledger before its first byte is stored, and stays there for longer than a write that was given
    up can last. So an object that is listed first and looked up then, and has no row, belongs to no upload.
    """

    def __init__(self, ledger: Ledger, storage: Storage) -> None:
        self.ledger = ledger
        self.storage = storage

    def find(self, grace: timedelta, tally: Tally) -> Iterator[ListedObject]:
        """Every orphan that is older than `grace`, by the storage's own clock; counts into `tally`.

        Raises StorageUnavailable, DatabaseUnavailable.
        """
        for page in self.storage.pages():
            unknown = self.ledger.unknown({listed.key for listed in page})
            for listed in page:
                if listed.key not in unknown or listed.key == IDENTITY:
                    continue
                if listed.age < grace.total_seconds():
                    tally.young += 1
                    continue
                tally.orphans += 1
                tally.size += listed.size
                yield listed

    def remove(self, orphan: ListedObject, tally: Tally) -> None:
        """Delete its bytes, unless the ledger has got its key meanwhile. Raises DatabaseUnavailable."""
        if not self.ledger.claim(orphan.key):
            tally.kept += 1
            return
        try:
            self.storage.delete(orphan.key)
        except StorageUnavailable as error:
            log.warning("could not delete %a: %s", orphan.key, error.detail)
            return
        self.ledger.mark_deleted(orphan.key)
        tally.deleted += 1
