"""Error counter and log: a decorator around a storage that counts what fails, and logs why."""

import contextlib
from collections.abc import Callable, Iterator

from app.errors import StorageFull, StorageUnavailable
from app.storage.failure_log import FailureLog
from app.storage.interface import (
    ByteSource,
    ListedObject,
    ObjectReader,
    Presigner,
    Progress,
    Resumption,
    SoFar,
    Storage,
    WrittenObject,
)


class CountedStorage:
    """The storage `beneath`; `on_error` is called with the name of the method that could not be carried out (503, 507).

    Readers are returned as they are: they may have a file descriptor, from which the kernel sends.
    """

    def __init__(self, beneath: Storage, on_error: Callable[[str], None], failures: FailureLog | None = None) -> None:
        """`failures`: None where the caller says itself why something failed, as commands do."""
        self.beneath = beneath
        self.name = beneath.name
        self.location = beneath.location
        self._on_error = on_error
        self._failures = failures

    @contextlib.contextmanager
    def _counting(self, operation: str) -> Iterator[None]:
        try:
            yield
        except (StorageUnavailable, StorageFull) as error:
            self._on_error(operation)
            if self._failures is not None:
                self._failures.failed(operation, error)
            raise
        if self._failures is not None:
            self._failures.worked(operation)

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,
        on_upload_id: Callable[[str], None] | None = None,
    ) -> WrittenObject:
        """Store all of `source` under `key`."""
        with self._counting("write"):
            return self.beneath.write(key, source, size=size, on_upload_id=on_upload_id)

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open a range of the object."""
        with self._counting("open"):
            return self.beneath.open(key, expected=expected, start=start, length=length)

    def stat(self, key: str) -> WrittenObject:
        """Size and present fingerprint."""
        with self._counting("stat"):
            return self.beneath.stat(key)

    def delete(self, key: str) -> None:
        """Remove the object."""
        with self._counting("delete"):
            self.beneath.delete(key)

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:
        """End every unfinished write of `key`."""
        with self._counting("abort_uploads"):
            self.beneath.abort_uploads(key, upload_id)

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS."""
        with self._counting("pages"):
            yield from self.beneath.pages()

    def presigner(self, host: str = "") -> Presigner | None:
        """See `Storage.presigner`; it asks nothing, so nothing is counted."""
        return self.beneath.presigner(host)

    def resumption(self) -> Resumption | None:
        """See `Storage.resumption`; what it fails in is counted, too."""
        beneath = self.beneath.resumption()
        return None if beneath is None else CountedResumption(beneath, self._counting)

    def ping(self) -> None:
        """Return if reads and writes can be expected to work."""
        with self._counting("ping"):
            self.beneath.ping()

    def close(self) -> None:
        """Give idle connections back."""
        self.beneath.close()


class CountedResumption:
    """The resumption `beneath`, in the same way."""

    def __init__(
        self, beneath: Resumption, counting: Callable[[str], contextlib.AbstractContextManager[None]]
    ) -> None:
        self._beneath = beneath
        self._counting = counting

    def part_size(self, size: int) -> int:
        """Bytes of each part."""
        return self._beneath.part_size(size)

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Store what comes behind `so_far`."""
        with self._counting("go_on"):
            return self._beneath.go_on(key, so_far, source, progress)

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Make the parts the object."""
        with self._counting("finish"):
            return self._beneath.finish(key, so_far, rest, progress)
