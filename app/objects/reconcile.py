"""Reconciliation: deletes objects that no package refers to, and aborts half-done S3 multipart uploads."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.errors import StorageUnavailable
from app.objects.ledger import Ledger, LedgerEntry
from app.storage.interface import Storage

LATE_WRITE = timedelta(minutes=5)
"""How long after an upload's time limit a write that was given up might still land at the S3."""

RECONCILE_LOCK = 0x7265636F6E
"""The advisory lock under which one reconciler runs at a time."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reconciliation:
    """What one run did: uploads given up, objects deleted, ledger rows dropped, and what could not be done."""

    expired: int = 0
    abandoned: int = 0
    deleted: int = 0
    forgotten: int = 0
    failed: int = 0


class Reconciler:
    """Settles the ledger. It cannot hurt a live upload: publishing fails once its object is doomed."""

    def __init__(
        self,
        ledger: Ledger,
        storage: Storage,
        upload_timeout: int,
        expire: Callable[[timedelta | None], int] = lambda _: 0,
    ) -> None:
        """`expire` gives up uploads in pieces that have expired, or had no byte for so long; it says how many."""
        self.ledger = ledger
        self.storage = storage
        self._expire = expire
        self.settled_after = timedelta(seconds=upload_timeout) + LATE_WRITE

    def run(self, grace: timedelta | None = None) -> Reconciliation:
        """Give up uploads older than `grace` (upload_timeout + 5 min by default) and delete what is not live.

        A grace shorter than the default also deletes again, at once, what was deleted before; those rows stay
        until a late write is out of the question. Uploads in pieces are given up when they expire, and with a `grace`
        also when no byte came for so long. Raises DatabaseUnavailable.
        """
        outcome = Reconciliation(expired=self._expire(grace))
        grace = self.settled_after if grace is None else grace
        outcome.abandoned = self.ledger.doom_abandoned(grace)
        for entry in self._entries(min(grace, self.settled_after)):
            try:
                self._settle(entry, outcome)
            except StorageUnavailable as error:
                outcome.failed += 1
                log.warning("could not delete %s: %s", entry.key, error.detail)
        self.ledger.note_run(outcome.abandoned + outcome.expired, outcome.deleted, outcome.failed)
        return outcome

    def _entries(self, deleted_before: timedelta) -> Iterator[LedgerEntry]:
        after = ""
        while batch := self.ledger.unsettled(deleted_before, after):
            yield from batch
            after = batch[-1].key

    def _settle(self, entry: LedgerEntry, outcome: Reconciliation) -> None:
        self.storage.abort_uploads(entry.key, entry.upload_id)
        self.storage.delete(entry.key)
        outcome.deleted += 1
        if entry.state == "doomed":
            self.ledger.mark_deleted(entry.key)
        elif self.ledger.forget(entry.key, self.settled_after):
            outcome.forgotten += 1
