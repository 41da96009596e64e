"""Completion of uploads in pieces: what is stored becomes one object and is published, or the upload has failed."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.accounts.caller import Caller
from app.errors import DigestMismatch, ObjectChanged, ObjectNotFound, PackageExists, Unavailable, UploadGone
from app.packages.manager import PackageManager
from app.packages.store import NewPackage
from app.storage.hashing import Memory, checksum_of
from app.storage.interface import Resumption, SoFar, WrittenObject
from app.uploads.reception import Adding, Reception
from app.uploads.store import UploadStore
from app.uploads.takeover import UploadClaims

LOST = "The storage has lost what was stored of this upload. Create a new one."

log = logging.getLogger(__name__)


class UploadCompletion:
    """Completes uploads, and ends those that cannot be. `count` is told of each outcome."""

    def __init__(
        self,
        store: UploadStore,
        claims: UploadClaims,
        packages: PackageManager,
        resumption: Resumption,
        count: Callable[[str], None],
    ) -> None:
        self.store = store
        self.claims = claims
        self.packages = packages
        self.storage = packages.storage
        self.resumption = resumption
        self._count = count

    def complete(self, adding: Adding, so_far: SoFar, rest: memoryview) -> None:
        """All bytes are here: make them the object, and publish it.

        Raises DigestMismatch, Superseded, PartsLost, and what `PackageManager.make_visible` raises.
        """
        reception, upload = adding.reception, adding.reception.upload
        if upload.is_held:
            self.claims.ending(upload)
        if upload.object_key is None:
            self._publish_small(reception, rest, adding.publisher)
            return
        checksum = adding.reader.hexdigest()
        if checksum:
            self._insist_on_declared(reception, checksum)
            self.store.received(upload, checksum)
        parts = {**self.store.parts(upload), **{part.number: part for part in so_far.parts}}
        so_far = replace(so_far, parts=tuple(parts[number] for number in sorted(parts)))
        written = self.resumption.finish(upload.object_key, so_far, rest, adding.progress)
        if not checksum:
            checksum = checksum_of(self.storage, upload.object_key, written)
            self._insist_on_declared(reception, checksum)
        self._publish(reception, upload.object_key, checksum, written, adding.publisher)

    def _publish_small(self, reception: Reception, content: memoryview, publisher: Caller) -> None:
        """A file of one part: under a key of its own, where no superseded worker's late write can land on it."""
        checksum = hashlib.sha256(content).hexdigest()
        self._insist_on_declared(reception, checksum)
        self.store.insist(reception.upload)
        key = self.packages.ledger.reserve()
        with self.packages.discarding(key):
            written = self.storage.write(key, Memory(content), size=len(content))
            self._publish(reception, key, checksum, written, publisher)

    def _publish(
        self, reception: Reception, key: str, checksum: str, written: WrittenObject, publisher: Caller
    ) -> None:
        upload, fields = reception.upload, reception.upload.fields
        package = NewPackage(
            fields.coordinates, fields.file_name, fields.content_type, fields.description, checksum, publisher
        )
        try:
            published = self.packages.make_visible(key, package, written, self.store.settlement(upload))
        except PackageExists as error:
            self.fail(reception, error.detail)
            raise
        done = {"state": "done", "offset": upload.length, "package_id": published.package.id}
        reception.upload = replace(upload, **done, is_new=published.created)
        reception.published = published
        self._count("published" if published.created else "existing")
        self.remove([each for each in upload.keys if each != published.package.object_key])

    def recover(self, adding: Adding) -> None:
        """Parts are gone. If the object stands, its completion had worked and the answer was lost: publish it.

        Raises UploadGone otherwise, or if it has other bytes than were received.
        """
        reception, upload, reader = adding.reception, adding.reception.upload, adding.reader
        key = upload.object_key or ""
        reader.drain()
        checksum = reader.hexdigest() if reader.position == upload.length else None
        # A hash that another version has begun tells nothing: what was declared does.
        checksum = checksum or upload.received_checksum or upload.fields.checksum
        with contextlib.suppress(ObjectNotFound, ObjectChanged):
            written = self.storage.stat(key)
            if written.size == upload.length and checksum == checksum_of(self.storage, key, written):
                self._publish(reception, key, checksum, written, adding.publisher)
                return
        self.fail(reception, LOST)
        raise UploadGone(LOST)

    def _insist_on_declared(self, reception: Reception, checksum: str) -> None:
        declared = reception.upload.fields.checksum
        if declared in (None, checksum):
            return
        error = DigestMismatch({"checksum": [f"You declared {declared}; the bytes received have {checksum}."]})
        self.fail(reception, error.detail)
        raise error

    def fail(self, reception: Reception, reason: str) -> None:
        """End the upload for good; its bytes go."""
        keys = reception.upload.keys
        reception.upload = self.store.fail(reception.upload, reason)
        self._count("failed")
        self.remove(keys)

    def remove(self, keys: Sequence[str]) -> None:
        """Delete doomed bytes, now if that can be, by `reconcile` if not."""
        for key in keys:
            try:
                self.storage.abort_uploads(key)
            except Unavailable as error:
                log.warning("left %s to reconcile: %s", key, error.detail)
                continue
            self.packages.remove_quietly(key)
