"""GoReleaser's dist/artifacts.json and metadata.json: which files there are, and what they are for."""

from __future__ import annotations

import json
import os
from typing import Any

from opampkg.errors import WrongUsage
from opampkg.names import Fields

ARTIFACTS = "artifacts.json"
METADATA = "metadata.json"
PACKED = ("Archive", "Linux Package", "MSI", "DMG", "PKG", "NSIS")
BARE = "Binary"
"""Published only where nothing is packed: else it is what the archives were made of."""


def files(path: str) -> list[str]:
    """The files to publish that an artifacts.json lists. Raises WrongUsage if it cannot be read or lists none."""
    rows = _rows(path)
    if rows is None:
        raise WrongUsage(f"{path} is no list of GoReleaser's.")
    packed = [row for row in rows if row["type"] in PACKED]
    chosen = packed or [row for row in rows if row["type"] == BARE]
    return [_place(path, row) for row in chosen]


def fields_of(folder: str) -> dict[str, Fields]:
    """What the artifacts.json in a folder says of each file, by its real path; {} where there is none."""
    path = os.path.join(folder, ARTIFACTS)
    rows = _rows(path) or []
    metadata = _document(os.path.join(folder, METADATA))
    known = metadata if isinstance(metadata, dict) else {}
    name, version = str(known.get("project_name", "")), str(known.get("version", ""))
    return {
        os.path.realpath(_place(path, row)): Fields(name, version, str(row["goos"]), str(row.get("goarch", "")))
        for row in rows
        if row.get("goos")
    }


def _rows(path: str) -> list[dict[str, Any]] | None:
    document = _document(path)
    if not isinstance(document, list):
        return None
    return [row for row in document if isinstance(row, dict) and isinstance(row.get("path"), str) and row.get("type")]


def _place(path: str, row: dict[str, Any]) -> str:
    """A file's path: it is told from the project's folder, which holds dist/."""
    dist = os.path.dirname(path) or "."
    inside = row["path"].replace("\\", "/").partition("/")[2] or row["path"]
    beside = os.path.join(dist, inside)
    return beside if os.path.exists(beside) else os.path.join(dist, os.path.basename(inside))


def _document(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
