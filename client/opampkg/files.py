"""Small JSON files of one user: replaced as a whole, readable by nobody else."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from typing import Any

from opampkg.errors import WrongUsage


def read_json(path: str) -> dict[str, Any]:
    """The object in a file, {} where there is none. Raises WrongUsage if it is something else."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise WrongUsage(f"{path} cannot be read, or is no JSON object; mend it or remove it.")
    return document


def write_json(path: str, document: dict[str, Any]) -> None:
    """Replace a file by this object: 0600, in a folder that is 0700 if it is new."""
    folder = os.path.dirname(path)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def refuse_open(path: str) -> None:
    """Raise WrongUsage if a file or its folder is open to others, where the system has such rights."""
    if os.name == "nt":
        return
    for each, mode in ((os.path.dirname(path), "700"), (path, "600")):
        if os.path.exists(each) and stat.S_IMODE(os.stat(each).st_mode) & 0o077:
            raise WrongUsage(f"{each} is open to others, and holds tokens: run `chmod {mode} {each}`.")
