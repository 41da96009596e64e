"""Opening a package's bytes, and finding out what is the matter when they are not what was stored."""

import hashlib
import threading
from collections import defaultdict

from app.errors import ObjectChanged, ObjectNotFound, PackageDamaged
from app.packages.store import PackageRow, PackageStore
from app.storage.base import ObjectReader, Storage, WrittenObject

READ_SIZE = 1 << 20


class PackageReader:
    """Opens packages so that other bytes than those published are never served."""

    def __init__(self, store: PackageStore, storage: Storage) -> None:
        self.store = store
        self.storage = storage
        self._verifying: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def open(self, package: PackageRow, start: int, length: int) -> ObjectReader:
        """Open `length` bytes from `start` on; the storage has answered when this returns.

        Raises PackageDamaged, PackageNotFound if it was deleted meanwhile, StorageUnavailable.
        """
        try:
            return self._open(package, start, length)
        except (ObjectNotFound, ObjectChanged):
            return self._open_again(package, start, length)

    def _open(self, package: PackageRow, start: int, length: int) -> ObjectReader:
        expected = WrittenObject(package.file_size, package.fingerprint)
        return self.storage.open(package.object_key, expected=expected, start=start, length=length)

    def _open_again(self, package: PackageRow, start: int, length: int) -> ObjectReader:
        """Once more with the row as it is now: it may have been deleted, repaired, or lost its bytes."""
        current = self.store.get(package.id)
        try:
            return self._open(refuse_damaged(current), start, length)
        except ObjectNotFound as error:
            raise PackageDamaged from error
        except ObjectChanged as error:
            verified = self.verify(current)
            if verified is None:
                raise PackageDamaged from error
            return self.storage.open(current.object_key, expected=verified, start=start, length=length)

    def verify(self, package: PackageRow) -> WrittenObject | None:
        """Read the whole object and compare: renew the row's fingerprint if it is right, else mark it damaged.

        Returns the object as it is now, None if it is damaged. One thread at a time per package and worker.
        Raises ObjectNotFound, PackageNotFound, StorageUnavailable.
        """
        with self._verifying[package.id]:
            current = self.store.get(package.id)
            found = self.storage.stat(current.object_key)
            if current.damaged_at is None and found == WrittenObject(current.file_size, current.fingerprint):
                return found
            if found.size == current.file_size and self._checksum(current, found) == current.checksum:
                self.store.renew_fingerprint(current, found.fingerprint)
                return found
            self.store.mark_damaged(current)
            return None

    def _checksum(self, package: PackageRow, found: WrittenObject) -> str:
        digest = hashlib.sha256()
        reader = self.storage.open(package.object_key, expected=found)
        try:
            while block := reader.read(READ_SIZE):
                digest.update(block)
        finally:
            reader.close()
        return digest.hexdigest()


def refuse_damaged(package: PackageRow) -> PackageRow:
    """The package; raises PackageDamaged if it carries the mark."""
    if package.damaged_at is not None:
        raise PackageDamaged
    return package
