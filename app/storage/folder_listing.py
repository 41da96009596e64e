"""Directory walk: a folder's objects, page by page, without a list of all of them in memory."""

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

from app.storage.interface import ListedObject

UNFINISHED = ".part"
"""Suffix of a key's temporary file."""


def list_files(root: Path, prefix: str, page_size: int) -> Iterator[list[ListedObject]]:
    """The pages of all files of `root` below `prefix`. Raises OSError."""
    files = _files(root / prefix, root)
    while page := list(itertools.islice(files, page_size)):
        yield page


def _files(folder: Path, root: Path) -> Iterator[ListedObject]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), root)
            else:
                yield from _file(entry, root)


def _file(entry: os.DirEntry[str], root: Path) -> Iterator[ListedObject]:
    """The file, unless it has gone meanwhile."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    name = os.path.relpath(entry.path, root)
    key = name.removesuffix(UNFINISHED)
    # ctime: when it came to stand here. Copies keep an older mtime.
    age = max(0.0, time.time() - status.st_ctime)
    yield ListedObject(key, status.st_size, age, is_unfinished=key != name)
