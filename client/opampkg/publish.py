"""Publish one file: ask first, send what is missing, in one PUT or in pieces that can be resumed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote, urlencode

from opampkg import errors, upload
from opampkg.bodies import FilePiece
from opampkg.models import Package, made

if TYPE_CHECKING:
    from opampkg.api import Client

SMALL = 8 << 20
"""Bytes up to which a file is sent by one PUT."""

HASHED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Place:
    """Coordinates: there is one file for each."""

    name: str
    version: str
    platform: str
    arch: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.platform}/{self.arch}"


@dataclass(frozen=True)
class LocalFile:
    """A file to publish. `size` in bytes; `checksum`: SHA-256 in hex."""

    path: str
    size: int
    checksum: str

    @property
    def name(self) -> str:
        """Its own name."""
        return os.path.basename(self.path)

    @property
    def digest(self) -> str:
        """The value of Repr-Digest (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.checksum)).decode()}:"


@dataclass(frozen=True)
class Published:
    """The package, and whether bytes were sent for it."""

    package: Package
    is_new: bool


def read(path: str) -> LocalFile:
    """Look at a file and hash it. Raises WrongUsage if it cannot be read or is empty."""
    hasher = hashlib.sha256()
    size = 0
    try:
        with open(path, "rb") as file:
            while block := file.read(HASHED_AT_ONCE):
                hasher.update(block)
                size += len(block)
    except OSError as error:
        raise errors.WrongUsage(f"{path} cannot be read: {error.strerror}.") from error
    if not size:
        raise errors.WrongUsage(f"{path} is empty.")
    return LocalFile(path, size, hasher.hexdigest())


def publish(
    client: Client, path: str, place: Place, description: str, on_progress: Callable[[int, int], None]
) -> Published:
    """Publish the file at `path`. Raises Conflict if the coordinates hold other bytes; then nothing was sent."""
    file = read(path)
    existing = there_already(client, file, place)
    if existing is not None:
        return Published(existing, is_new=False)
    target = file_path(place, file, description)

    def progress(sent: int) -> None:
        on_progress(sent, file.size)

    if file.size > SMALL and upload.are_taken(client):
        return Published(upload.send(client, file, place, target, progress), is_new=True)
    try:
        return Published(put(client, file, target, progress), is_new=True)
    except errors.Refused as error:
        if not upload.is_too_large_for_a_proxy(error) or not upload.are_taken(client):
            raise
    return Published(upload.send(client, file, place, target, progress), is_new=True)


def there_already(client: Client, file: LocalFile, place: Place) -> Package | None:
    """The package, if it is published with these bytes. Raises Conflict if it is with others."""
    found = client.find(place.name, place.version, place.platform, place.arch)
    if found is not None and found.checksum != file.checksum:
        raise errors.Conflict(
            f"{place} is published with other bytes ({found.file_name}, SHA-256 {found.checksum}); it stays as it is, "
            "and nothing was sent. Publish changed bytes as another version."
        )
    return found


def put(client: Client, file: LocalFile, target: str, progress: Callable[[int], None]) -> Package:
    """Send the whole file in one request, again from its start after each failure."""
    patience = client.patience()
    furthest = 0

    def on_sent(sent: int) -> None:
        nonlocal furthest
        if sent > furthest:
            furthest = sent
            patience.moved()
        progress(sent)

    def attempt() -> Package:
        body = FilePiece(file.path, 0, file.size, on_sent)
        headers = {"Content-Type": "application/octet-stream", "Repr-Digest": file.digest}
        return made(Package, client.once("PUT", target, headers, body).json())

    return patience.until_done(attempt)


def file_path(place: Place, file: LocalFile, description: str) -> str:
    """The path to PUT to, below /api/v1."""
    parts = (place.name, place.version, place.platform, place.arch, file.name)
    asked = f"?{urlencode({'description': description})}" if description else ""
    return "/packages/" + "/".join(quote(part, safe="") for part in parts) + asked


def json_body(content: Any) -> tuple[Any, dict[str, str]]:
    """A request's body and its Content-Type: bytes and pieces of files as they are, all else as JSON."""
    if content is None:
        return b"", {}
    if isinstance(content, (bytes, FilePiece)):
        return content, {}
    return json.dumps(content).encode(), {"Content-Type": "application/json"}
