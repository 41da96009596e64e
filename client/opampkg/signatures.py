"""Signature files that stand beside the files of a release."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from opampkg import errors
from opampkg.models import Package, Signature, made

if TYPE_CHECKING:
    from opampkg.api import Client

SUFFIXES = (".sigstore.json", ".intoto.jsonl", ".asc", ".minisig", ".sig")
"""Behind a file's name: what the service takes as a signature of it."""


def beside(path: str) -> list[str]:
    """The signature files of the file at `path`."""
    return [path + suffix for suffix in SUFFIXES if os.path.isfile(path + suffix)]


def goes_along(path: str) -> bool:
    """Whether this is a signature whose file stands beside it."""
    return any(path.endswith(suffix) and os.path.isfile(path[: -len(suffix)]) for suffix in SUFFIXES)


def add(client: Client, package: Package, path: str, signature: str) -> Signature:
    """Add the signature file `signature` of the file at `path` to its package. Raises Refused, WrongUsage."""
    try:
        with open(signature, "rb") as file:
            content = file.read()
    except OSError as error:
        raise errors.WrongUsage(f"{signature} cannot be read: {error.strerror}.") from error
    suffix = signature[len(path) :]
    parts = (package.name, package.version, package.platform, package.arch, package.file_name + suffix)
    target = "/packages/" + "/".join(quote(part, safe="") for part in parts)
    headers = {"Content-Type": "application/octet-stream"}
    return made(Signature, client.call("PUT", target, headers, content).json())
