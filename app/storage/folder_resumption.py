"""Resumed writes in a folder: the temporary file grows part by part, and is renamed at the end.

Each change is made under flock(2), after a look at whose the write is by now: a worker that was superseded still has
the file open, and may have its renamed descriptor, too.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from app.errors import PartsLost
from app.storage.durable_files import fsync_folder, own_errors, write_all, written
from app.storage.hashing import fill
from app.storage.interface import ByteSource, Progress, SoFar, WrittenObject

PART_SIZE = 8 * 1024 * 1024
"""Bytes in memory, and between two fsyncs."""


class FolderResumption:
    """A `Resumption`; `prepared` gives the paths of a key's file and temporary file, in a folder that is there."""

    def __init__(self, prepared: Callable[[str], tuple[Path, Path]]) -> None:
        self._prepared = prepared

    def part_size(self, size: int) -> int:  # noqa: ARG002 - a file has no number of parts
        """Bytes of each part, and of memory."""
        return PART_SIZE

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Append whole parts, each fsynced before it is told. See `Resumption.go_on`."""
        _, temporary = self._prepared(key)
        part = memoryview(bytearray(so_far.part_size))
        with contextlib.ExitStack() as stack:
            file: int | None = None
            while (count := fill(source, part)) == len(part):
                if file is None:
                    file = stack.enter_context(_opened(temporary, so_far))
                with _changing(file, so_far, progress):
                    write_all(file, part)
                    os.fsync(file)
                so_far = replace(so_far, size=so_far.size + count)
                progress.stored(so_far)
        return so_far, part[:count]

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Append `rest`, fsync, rename, fsync the folder. See `Resumption.finish`."""
        path, temporary = self._prepared(key)
        with _opened(temporary, so_far) as file, _changing(file, so_far, progress):
            write_all(file, rest)
            os.fsync(file)
            temporary.rename(path)
            fsync_folder(path.parent)
            return written(os.fstat(file))


@contextlib.contextmanager
def _opened(temporary: Path, so_far: SoFar) -> Iterator[int]:
    """The temporary file, a new one if nothing is stored yet. Raises PartsLost."""
    flags = os.O_WRONLY | os.O_CLOEXEC | (0 if so_far.size else os.O_CREAT)
    with own_errors():
        try:
            file = os.open(temporary, flags, 0o666)
        except FileNotFoundError:
            raise PartsLost from None
    try:
        yield file
    finally:
        os.close(file)


@contextlib.contextmanager
def _changing(file: int, so_far: SoFar, progress: Progress) -> Iterator[None]:
    """Alone with the file, which ends where `so_far` does: what was stored beyond it is cut off."""
    with own_errors():
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            progress.insist()
            if os.fstat(file).st_size < so_far.size:
                raise PartsLost
            os.ftruncate(file, so_far.size)
            os.lseek(file, so_far.size, os.SEEK_SET)
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
