"""Package reader: opens a package's bytes, and finds out what is wrong where they are not what was stored."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from weakref import WeakValueDictionary

from app.errors import ObjectChanged, ObjectNotFound, PackageDamaged, StorageUnavailable
from app.packages.store import PackageRow, PackageStore
from app.storage.interface import ObjectReader, Storage, WrittenObject

READ_SIZE = 1 << 20


class StorageContradicts(StorageUnavailable):
    """What the storage says of an object does not fit together, so none of it counts."""

    detail = "The storage contradicts itself about this object. Try again."


Pace = Callable[[int], None]
"""Told of every block's size in bytes; may wait."""


class PackageReader:
    """Opens packages so that other bytes than those published are never served."""

    def __init__(self, store: PackageStore, storage: Storage) -> None:
        self.store = store
        self.storage = storage
        self._verifying: WeakValueDictionary[int, threading.Lock] = WeakValueDictionary()
        self._new_lock = threading.Lock()

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
            with contradicted():
                verified = self.verify(current)
                if verified is None:
                    raise PackageDamaged from error
                return self.storage.open(current.object_key, expected=verified, start=start, length=length)

    def verify(self, package: PackageRow) -> WrittenObject | None:
        """Read the object if its fingerprint is another; one thread at a time per package and worker.

        Returns the object as it is now, None if it is damaged. Raises as `examine` does.
        """
        with self._lock(package.id):
            current = self.store.get(package.id)
            found = self.storage.stat(current.object_key)
            if current.damaged_at is None and found == WrittenObject(current.file_size, current.fingerprint):
                return found
            return self.examine(current, found)

    def _lock(self, package_id: int) -> threading.Lock:
        """The package's lock, which is forgotten with the last thread that holds it or waits for it."""
        with self._new_lock:
            return self._verifying.setdefault(package_id, threading.Lock())

    def examine(self, package: PackageRow, found: WrittenObject, pace: Pace = lambda _: None) -> WrittenObject | None:
        """Read the whole object and compare: renew the row's fingerprint if it is right, else mark it damaged.

        Returns `found`, None if it is damaged. `pace` is called with the size of every block read.
        Raises ObjectNotFound, ObjectChanged, StorageUnavailable, DatabaseUnavailable.
        """
        if found.size == package.file_size and self._checksum(package, found, pace) == package.checksum:
            self.store.renew_fingerprint(package, found.fingerprint)
            return found
        self.store.mark_damaged(package)
        return None

    def _checksum(self, package: PackageRow, found: WrittenObject, pace: Pace) -> str:
        digest = hashlib.sha256()
        reader = self.storage.open(package.object_key, expected=found)
        try:
            while block := reader.read(READ_SIZE):
                digest.update(block)
                pace(len(block))
        finally:
            reader.close()
        return digest.hexdigest()


@contextlib.contextmanager
def contradicted() -> Iterator[None]:
    """Around what follows after an object was found changed: it is asked for by what it was found to be.

    If it is then gone or changed again, something else may answer in the storage's place. Raises StorageContradicts.
    """
    try:
        yield
    except (ObjectNotFound, ObjectChanged) as error:
        raise StorageContradicts from error


def refuse_damaged(package: PackageRow) -> PackageRow:
    """The package; raises PackageDamaged if it carries the mark."""
    if package.damaged_at is not None:
        raise PackageDamaged
    return package
