"""Durable files: whole writes, fsync of files and folders, and the storage's errors for those of the system."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from app.errors import ServiceError, StorageFull, StorageUnavailable
from app.storage.interface import WrittenObject

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """Raise StorageFull or StorageUnavailable for the block's OSErrors."""
    try:
        yield
    except OSError as error:
        raise _unavailable(error) from error


def _unavailable(error: OSError) -> ServiceError:
    if error.errno in FULL:
        return StorageFull()
    return StorageUnavailable(f"The storage folder failed: {error.strerror}.")


def written(status: os.stat_result) -> WrittenObject:
    """What the storage remembers of a file."""
    fingerprint = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return WrittenObject(status.st_size, fingerprint)


def write_all(descriptor: int, content: memoryview) -> None:
    """Write all of `content`, in as many calls as that takes."""
    while content:
        content = content[os.write(descriptor, content) :]


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
