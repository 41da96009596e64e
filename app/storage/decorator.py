"""Storage decorator: forwards each method of the storage beneath, within a context of the subclass's."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

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

Around = Callable[[str], AbstractContextManager[None]]
"""What a call is made within, by the name of its method."""


class StorageDecorator:
    """The storage `beneath`, each of whose calls is made within `around`.

    Readers are returned as they are: they may have a file descriptor, from which the kernel sends. What asks the
    storage for nothing (presigner, close) is not within `around`.
    """

    def __init__(self, beneath: Storage, around: Around) -> None:
        self.beneath = beneath
        self.name = beneath.name
        self.location = beneath.location
        self._around = around

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,
        on_upload_id: Callable[[str], None] | None = None,
    ) -> WrittenObject:
        """Store all of `source` under `key`."""
        with self._around("write"):
            return self.beneath.write(key, source, size=size, on_upload_id=on_upload_id)

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open a range of the object."""
        with self._around("open"):
            return self.beneath.open(key, expected=expected, start=start, length=length)

    def stat(self, key: str) -> WrittenObject:
        """Size and present fingerprint."""
        with self._around("stat"):
            return self.beneath.stat(key)

    def delete(self, key: str) -> None:
        """Remove the object."""
        with self._around("delete"):
            self.beneath.delete(key)

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:
        """End every unfinished write of `key`."""
        with self._around("abort_uploads"):
            self.beneath.abort_uploads(key, upload_id)

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS."""
        with self._around("pages"):
            yield from self.beneath.pages()

    def presigner(self, host: str = "") -> Presigner | None:
        """What signs URLs."""
        return self.beneath.presigner(host)

    def resumption(self) -> Resumption | None:
        """What writes objects in several calls."""
        beneath = self.beneath.resumption()
        return None if beneath is None else ResumptionDecorator(beneath, self._around)

    def ping(self) -> None:
        """Return if reads and writes can be expected to work."""
        with self._around("ping"):
            self.beneath.ping()

    def close(self) -> None:
        """Give idle connections back."""
        self.beneath.close()


class ResumptionDecorator:
    """The resumption `beneath`, in the same way."""

    def __init__(self, beneath: Resumption, around: Around) -> None:
        self._beneath = beneath
        self._around = around

    def part_size(self, size: int) -> int:
        """Bytes of each part."""
        return self._beneath.part_size(size)

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Store what comes behind `so_far`."""
        with self._around("go_on"):
            return self._beneath.go_on(key, so_far, source, progress)

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Make the parts the object."""
        with self._around("finish"):
            return self._beneath.finish(key, so_far, rest, progress)
