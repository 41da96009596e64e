"""Storage identity: ties a storage to the database whose packages are in it.

A random identity stands in a row of the database and in the object IDENTITY of the storage. Where the two differ, the
service runs with the wrong bucket, folder or database: its reads would find nothing, what it tells clients to do
(send it again) and `orphans --delete` would spoil the right one's objects. So nothing is read, written or deleted.
"""

import contextlib
import io
import logging
import re
import time
from collections.abc import Callable

from app.errors import (
    DatabaseUnavailable,
    ObjectChanged,
    ObjectNotFound,
    ServiceError,
    StorageDenied,
    StorageUnavailable,
)
from app.objects.identity_row import IdentityRow
from app.storage.interface import OBJECTS, Storage

IDENTITY = OBJECTS + ".identity"
"""The object's key, which policies for `objects/*` allow. It is no package's, and in no ledger."""

MAX_SIZE = 256
"""Bytes."""

POSSIBLE = re.compile(r"[!-~]{1,256}")
"""What an identity may be; whatever else stands under its key is none."""

RECHECK = 2.0
"""Seconds between two comparisons for requests while the two differ."""

WITHOUT_RIGHTS = (
    f"{IDENTITY} cannot be compared with the database's identity: the policy of the S3's user lacks s3:GetObject or "
    "s3:PutObject for it, or s3:ListBucket (see deploy/minio/policy.json). All else goes on."
)

log = logging.getLogger(__name__)


class StorageMismatch(StorageUnavailable):
    """The storage is another database's."""

    state = "another database's"
    passes = False
    detail = (
        f"The storage is another database's: its {IDENTITY} is not this database's identity, or the storage is empty. "
        "Check minio.bucket or storage.root, and the database; after a restore that is meant so, run "
        "flask --app wsgi storage adopt."
    )


class StorageIdentity:
    """Compares the storage's identity with the database's; each process remembers how it came out.

    `newest_object` gives the key of the newest package's object, None if there are no packages.
    """

    def __init__(self, row: IdentityRow, storage: Storage, newest_object: Callable[[], str | None]) -> None:
        self._row = row
        self._storage = storage
        self._newest_object = newest_object
        self._found: str | None = None
        """What the last comparison found: `ours`, `another database's`, `unreadable`; None before the first."""
        self._next_check = 0.0

    def require_ours(self) -> None:
        """Return at once if the storage was found to be ours; compares first where it never was, or was not lately.

        Raises StorageMismatch; StorageUnavailable and DatabaseUnavailable where they cannot be compared.
        """
        if self._found in {"ours", "unreadable"}:
            return
        now = time.monotonic()
        if self._found is not None and now < self._next_check:
            raise StorageMismatch
        self._next_check = now + RECHECK
        self.check()

    def require_readable(self) -> None:
        """Raise StorageUnavailable if not even the identity is found, or the storage cannot write.

        For "no such key" of another object: a cluster that starts, or of which too much is away, says so of what is
        there. A user who may not read the identity says nothing about that.
        """
        with contextlib.suppress(StorageDenied):
            self._storage.ping()
        with contextlib.suppress(StorageDenied):
            if self._stored() is None:
                raise StorageUnavailable("The storage finds neither the object nor its own identity. Try again.")

    def ping(self) -> None:
        """For /health/ready: the storage answers, can be read, and is ours, as far as the database can tell.

        Raises StorageUnavailable, StorageMismatch.
        """
        self._storage.ping()
        try:
            self.check()
        except DatabaseUnavailable:
            if self._found == StorageMismatch.state:
                raise StorageMismatch from None

    def settle(self) -> bool:
        """For the background: compare, and return whether the storage may be used."""
        try:
            self.check()
        except StorageMismatch:
            return False
        except ServiceError as error:
            log.debug("the storage's identity could not be compared: %s", error.detail)
            return False
        return True

    def check(self) -> None:
        """Compare now; an identity that is nowhere yet is made. Raises as `require_ours` does."""
        try:
            self.compare()
        except StorageDenied:
            self._note("unreadable", WITHOUT_RIGHTS)
            return
        except StorageMismatch:
            self._note(StorageMismatch.state, StorageMismatch.detail)
            raise
        self._note("ours", "The storage is this database's.")

    def compare(self) -> None:
        """The same, without remembering or logging what comes out. Raises StorageDenied, too."""
        if self._found is None:
            self._storage.ping()  # makes an absent bucket, if that may be
        stored, ours = self._stored(), self._row.identity()
        if stored is None:
            self._write_first()
        elif ours is None:
            if not stored or self._newest_object() is not None:
                raise StorageMismatch
            self._row.make(stored)
        elif stored != ours:
            raise StorageMismatch

    def adopt(self) -> None:
        """Make the storage this database's, whatever identity it had. Raises ServiceError."""
        self._storage.ping()
        with self._row.writing_alone():
            identity = self._row.make()
            if self._stored() != identity:
                self._write(identity)
        self._note("ours", "The storage is this database's.")

    def _write_first(self) -> None:
        """Write the identity to a storage that has none: it is new, or older than identities, or lost just that."""
        with self._row.writing_alone():
            if (stored := self._stored()) is not None:  # another worker was first
                if stored != self._row.identity():
                    raise StorageMismatch
                return
            newest = self._newest_object()
            if newest is not None and not self._is_there(newest):
                raise StorageMismatch
            self._write(self._row.make())

    def _stored(self) -> str | None:
        """The storage's identity, "" for what cannot be one, None if it has none. Raises StorageUnavailable."""
        try:
            written = self._storage.stat(IDENTITY)
            length = min(written.size, MAX_SIZE + 1)
            with contextlib.closing(self._storage.open(IDENTITY, expected=written, length=length)) as reader:
                stored = b"".join(iter(reader.read, b"")).decode("latin-1")
        except ObjectNotFound:
            return None
        except ObjectChanged as error:
            raise StorageUnavailable("The storage's identity changes. Try again.") from error
        return stored if POSSIBLE.fullmatch(stored) else ""

    def _is_there(self, key: str) -> bool:
        try:
            self._storage.stat(key)
        except ObjectNotFound:
            return False
        return True

    def _write(self, identity: str) -> None:
        try:
            self._storage.write(IDENTITY, io.BytesIO(identity.encode()), size=len(identity))
        except StorageUnavailable:
            # What a crash left half-written would be in the way of a folder's next try.
            with contextlib.suppress(ServiceError):
                self._storage.abort_uploads(IDENTITY)
            raise

    def _note(self, found: str, sentence: str) -> None:
        """Log what was found, once for each change; that all is well only after it was not."""
        before, self._found = self._found, found
        if found == "ours":
            if before not in {None, "ours"}:
                log.info("%s", sentence)
        elif found != before:
            log.warning("%s", sentence)
