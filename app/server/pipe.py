"""A pipe, in which the kernel keeps bytes on their way from one socket to another (splice(2)) without a copy."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

SIZE = 1 << 20
"""Bytes, as much as Linux gives to anybody (fs.pipe-max-size). Smaller pipes cost more than copying does."""


@contextlib.contextmanager
def open_pipe() -> Iterator[tuple[int, int] | None]:
    """The ends to read from and to write to; None where the system has no room for a pipe of SIZE.

    Linux gives one user 16,384 pages in all (fs.pipe-user-pages-soft): 64 pipes.
    """
    source, target = os.pipe()
    try:
        try:
            fcntl.fcntl(target, fcntl.F_SETPIPE_SZ, SIZE)
        except OSError:
            yield None
        else:
            yield source, target
    finally:
        os.close(source)
        os.close(target)
