"""A small file system of its own, where we may mount one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[bool]:
    """Make this folder a file system of 24 MiB; yields whether that was allowed."""
    folder.mkdir()
    is_mounted = os.geteuid() == 0 and _mount(folder)
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", folder], check=True, timeout=60)


def _mount(folder: Path) -> bool:
    options = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(options, check=False, capture_output=True, timeout=60).returncode == 0
