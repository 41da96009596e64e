"""Package manager: the order of steps in which packages are published and removed."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.accounts.caller import Caller
from app.database import CommitInDoubt
from app.errors import (
    DatabaseUnavailable,
    DigestMismatch,
    Invalid,
    ObjectNotFound,
    StorageUnavailable,
    Unavailable,
)
from app.objects.ledger import Ledger
from app.packages.releases import ReleaseStore
from app.packages.settlement import NothingElse, Settlement
from app.packages.store import AlreadyPublished, NewPackage, PackageRow, PackageStore
from app.packages.uploads import Upload, UploadFields
from app.storage.hashing import HashingReader
from app.storage.interface import Storage, WrittenObject

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """The outcome of an upload: the package, and whether this upload created it."""

    package: PackageRow
    created: bool


class PackageManager:
    """Publishes and removes packages so that nothing half-done is ever visible."""

    def __init__(
        self,
        store: PackageStore,
        releases: ReleaseStore,
        ledger: Ledger,
        storage: Storage,
        require_ours: Callable[[], None] = lambda: None,
    ) -> None:
        """`require_ours` raises StorageUnavailable if the storage is another database's."""
        self.store = store
        self.releases = releases
        self.ledger = ledger
        self.storage = storage
        self._require_ours = require_ours

    def publish(self, upload: Upload, publisher: Caller) -> Published:
        """Store `upload` and make it visible in one commit.

        Raises PackageExists if the coordinates hold other bytes, DigestMismatch, what the upload itself raises,
        TokenEnded or Forbidden if `publisher` may not publish any more, StorageFull, Unavailable. Whatever it raises,
        nothing of the upload becomes visible.
        """
        content = HashingReader(upload.open_file())
        key = self.ledger.reserve()
        with self.discarding(key):
            note_upload_id = functools.partial(self.ledger.note_upload_id, key)
            written = self.storage.write(key, content, size=upload.size, on_upload_id=note_upload_id)
            fields = upload.finish()
            package = described(fields, content, publisher)
            if not fields.signatures:
                return self.make_visible(key, package, written, NothingElse())
            published = self.make_visible(key, package, written, self.store.beside(package, fields.signatures))
        # What the signatures come to stands in the row only once they are there.
        return replace(published, package=self.store.get(published.package.id))

    def delete(self, package_id: int) -> None:
        """Remove the package and its bytes.

        Raises PackageNotFound, PackagePinned; Unavailable after which the row may be gone.
        """
        self._require_ours()
        self._remove(self.store.delete(package_id))

    def delete_release(self, name: str, version: str) -> None:
        """Remove all packages of a release and their bytes.

        Raises ReleaseNotFound, PackagePinned; Unavailable after which the rows may be gone.
        """
        self._require_ours()
        for key in self.releases.delete(name, version):
            self._remove(key)

    def make_visible(self, key: str, package: NewPackage, written: WrittenObject, also: Settlement) -> Published:
        """Publish the object under `key`, or find that it was published before; `also` is settled by the same commit.

        Raises PackageExists, TokenEnded, Forbidden, Unavailable, and what `also` raises.
        """
        try:
            return Published(self.store.publish(key, package, written, also), created=True)
        except AlreadyPublished as duplicate:
            return self._keep_one(duplicate.package, key, written, also)
        except CommitInDoubt:
            return self._resolve(key, package)

    def _keep_one(self, existing: PackageRow, key: str, written: WrittenObject, also: Settlement) -> Published:
        """The same bytes again: the first upload stays, unless its object is gone or damaged."""
        if self.is_intact(existing):
            also.settle_alone(existing)
            self._discard(key)
            return Published(existing, created=False)
        repaired = self.store.replace_object(existing, key, written, also)
        if repaired is None:
            raise Unavailable("The package changed while it was being uploaded. Send it again.")
        self.remove_quietly(existing.object_key)
        return Published(repaired, created=False)

    def is_intact(self, package: PackageRow) -> bool:
        """Whether its object is there, as it was written. Raises StorageUnavailable."""
        if package.damaged_at is not None:
            return False
        try:
            return self.storage.stat(package.object_key) == WrittenObject(package.file_size, package.fingerprint)
        except ObjectNotFound:
            return False

    def _resolve(self, key: str, package: NewPackage) -> Published:
        """The commit's answer was lost. If the object can't be doomed, because it is live, it has taken effect."""
        if self.ledger.doom(key) or self.ledger.state(key) != "live":
            raise DatabaseUnavailable
        return Published(self.store.find(package.coordinates), created=True)

    @contextlib.contextmanager
    def discarding(self, key: str) -> Iterator[None]:
        """Give the object up if the block raises."""
        try:
            yield
        except StorageUnavailable:
            # The storage has used up the time that this request may wait: reconcile deletes the bytes.
            with contextlib.suppress(Unavailable):
                self.ledger.doom(key)
            raise
        except BaseException:
            self._discard(key)
            raise

    def _discard(self, key: str) -> None:
        """Doom an unpublished object and delete it, now if that can be, by `reconcile` if not."""
        try:
            if self.ledger.doom(key):
                self._remove(key)
        except Unavailable as error:
            log.warning("left %s to reconcile: %s", key, error.detail)

    def _remove(self, key: str) -> None:
        self.storage.delete(key)
        self.ledger.mark_deleted(key)

    def remove_quietly(self, key: str) -> None:
        """Delete the bytes of a doomed object, now if that can be, by `reconcile` if not."""
        try:
            self._remove(key)
        except Unavailable as error:
            log.warning("left %s to reconcile: %s", key, error.detail)


def described(fields: UploadFields, content: HashingReader, publisher: Caller) -> NewPackage:
    """The package that `fields` and the bytes received make. Raises DigestMismatch, Invalid for an empty file."""
    if content.size == 0:
        raise Invalid({"file": ["The file is empty."]})
    checksum = content.hexdigest()
    if fields.checksum not in (None, checksum):
        raise DigestMismatch({"checksum": [f"You declared {fields.checksum}; the bytes received have {checksum}."]})
    return NewPackage(
        coordinates=fields.coordinates,
        file_name=fields.file_name,
        content_type=fields.content_type,
        description=fields.description,
        checksum=checksum,
        publisher=publisher,
    )
