"""Mishaps of the scripts, each as one line that says what to do; standard library only."""

import errno
import os
import pwd
from pathlib import Path

from dev.parts.processes import Failed

NO_RIGHT = (errno.EACCES, errno.EPERM)


def one_line(error: Exception) -> str:
    """The error for standard error; where it is a right that lacks, whose the file is and what to do."""
    if not isinstance(error, OSError) or not error.filename:
        return str(error)
    path = Path(error.filename)
    if error.errno in NO_RIGHT:
        return f"no right to use {path}: {belongs(path)}. {advice(path)}"
    if error.errno == errno.EROFS:
        return f"{path} is on a file system that can only be read. Clone the project to a place that can be written."
    return str(error)


def refuse_foreign(folder: Path) -> None:
    """Raise Failed if `folder` is another user's: what two users put there, neither could use."""
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise Failed(f"{folder} is from a start by another user: {belongs(folder)}. {advice(folder)}")


def belongs(path: Path) -> str:
    """Whose it is, or whose the folder is that it would be in."""
    there = next(each for each in (path, *path.parents) if is_seen(each))
    place = "it" if there == path else str(there)
    return f"{place} belongs to {user_name(there.stat().st_uid)}, and you are {user_name(os.geteuid())}"


def is_seen(path: Path) -> bool:
    """Whether `path` is there, as far as we may look."""
    try:
        return path.exists()
    except PermissionError:
        return False


def advice(path: Path) -> str:
    """Who can do it, and the other way."""
    there = next(each for each in (path, *path.parents) if is_seen(each))
    return f"Run this as {user_name(there.stat().st_uid)}, or in a clone of your own."


def user_name(uid: int) -> str:
    """The name of a user, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
