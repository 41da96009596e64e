"""Filesystem storage: objects as files below a folder, written to a temporary name, fsynced and renamed."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import ObjectChanged, ObjectNotFound, StorageUnavailable
from app.storage.durable_files import fsync_folder, own_errors, write_all, written
from app.storage.file_reader import FileReader
from app.storage.folder_listing import UNFINISHED, list_files
from app.storage.folder_resumption import FolderResumption
from app.storage.hashing import fill
from app.storage.interface import OBJECTS, PAGE_SIZE, ByteSource, ListedObject, ObjectReader, WrittenObject

MARKER = ".opamp-packages"
"""An empty file in the root: without it the folder may be the mount point of a disk that is not mounted."""

BUFFER = 1024 * 1024
"""Bytes of memory for one write."""


class FilesystemStorage:
    """A `Storage` in the folder `root`.

    The folder and the marker in it are made when absent and `may_create()` agrees, at the first write or ping,
    and never again once they were seen: without its marker the folder is unavailable, not empty. Calls to a dead
    network file system block in the kernel without a time limit; use an S3 there.
    """

    name = "filesystem"

    def __init__(self, root: Path | str, *, may_create: Callable[[], bool] = lambda: True) -> None:
        self._root = Path(root).absolute()
        self.location = self._root.name
        self._may_create = may_create
        self._seen = False

    def __repr__(self) -> str:
        return f"FilesystemStorage({str(self._root)!r})"

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,  # noqa: ARG002 - a file grows as it comes
        on_upload_id: Callable[[str], None] | None = None,  # noqa: ARG002 - the temporary name needs no id
    ) -> WrittenObject:
        """Write to a temporary name, fsync, rename, fsync the folder. See `Storage.write`."""
        path, temporary = self._prepared(key)
        try:
            self._write_durably(temporary, source)
            with own_errors():
                temporary.rename(path)
                fsync_folder(path.parent)
                return written(path.stat())
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            raise

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open the file, positioned at `start`; the reader's `fileno()` serves sendfile. See `Storage.open`."""
        path, _ = self._paths(key)
        rest = max(expected.size - start, 0)
        length = rest if length is None else min(length, rest)
        with self._missing_is_not_found():
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        reader = FileReader(descriptor, start, length)
        if written(os.fstat(descriptor)) != expected:
            reader.close()
            raise ObjectChanged("The file is not the one that was written.")
        return reader

    def stat(self, key: str) -> WrittenObject:
        """Size, and times and inode as fingerprint. See `Storage.stat`."""
        path, _ = self._paths(key)
        with self._missing_is_not_found():
            return written(path.stat())

    def delete(self, key: str) -> None:
        """Remove the file and its temporary name; both being gone already is success."""
        self._unlink(self._paths(key))

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:  # noqa: ARG002 - S3 only
        """Remove the temporary file."""
        self._unlink(self._paths(key)[1:])

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS, temporary files too. See `Storage.pages`."""
        self._require_marker()
        with own_errors():
            yield from list_files(self._root, OBJECTS, PAGE_SIZE)
        # A disk that went away meanwhile has ended the listing early.
        self._require_marker()

    def presigner(self, host: str = "") -> None:
        """None: a file has no URL."""

    def resumption(self) -> FolderResumption:
        """Appends to the temporary file. See `Storage.resumption`."""
        return FolderResumption(self._prepared)

    def ping(self) -> None:
        """Look whether the folder is ours and can be written to; make it if this is the first time."""
        with own_errors():
            self._see_root()
        self._require_marker()
        if not os.access(self._root, os.W_OK | os.X_OK):
            raise StorageUnavailable("The storage folder cannot be written to.")

    def close(self) -> None:
        """A folder keeps nothing open."""

    def _prepared(self, key: str) -> tuple[Path, Path]:
        """The paths of the file and of its temporary file, in a folder that is there."""
        path, temporary = self._paths(key)
        with own_errors():
            self._see_root()
            self._make_folders(path.parent)
        return path, temporary

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self._root / key, self._root / (key + UNFINISHED)

    def _write_durably(self, temporary: Path, source: ByteSource) -> None:
        buffer = memoryview(bytearray(BUFFER))
        with own_errors():
            file = temporary.open("xb", buffering=0)
        with file:
            # What the source raises is the source's; only the file's own errors are the storage's.
            while count := fill(source, buffer):
                with own_errors():
                    write_all(file.fileno(), buffer[:count])
            with own_errors():
                os.fsync(file.fileno())

    def _unlink(self, paths: tuple[Path, ...]) -> None:
        folder = paths[0].parent
        with own_errors():
            for path in paths:
                path.unlink(missing_ok=True)
            if folder.is_dir():
                fsync_folder(folder)
                return
        self._require_marker()

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        fsync_folder(folder.parent)

    def _see_root(self) -> None:
        if not self._seen and not self._has_marker() and self._may_create():
            self._root.mkdir(parents=True, exist_ok=True)
            (self._root / MARKER).touch()
            fsync_folder(self._root)
        self._require_marker()
        self._seen = True

    def _has_marker(self) -> bool:
        return (self._root / MARKER).exists()

    def _require_marker(self) -> None:
        with own_errors():
            if self._has_marker():
                return
        raise StorageUnavailable(f"The storage folder is not there, or is another one: it has no {MARKER} file.")

    @contextlib.contextmanager
    def _missing_is_not_found(self) -> Iterator[None]:
        with own_errors():
            try:
                yield
            except FileNotFoundError:
                self._require_marker()
                raise ObjectNotFound("There is no such object.") from None
