"""Resumable uploads (draft-ietf-httpbis-resumable-upload): a file in pieces, over any number of requests and runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable

from opampkg import errors
from opampkg.answers import Answer
from opampkg.bodies import FilePiece
from opampkg.models import Package, Upload, made

if TYPE_CHECKING:
    from opampkg.api import Client
    from opampkg.publish import LocalFile, Place

IDLE = 10.0
"""Seconds without a byte after which an upload's sender counts as gone."""

PIECES = (64 << 20, 8 << 20, 1 << 20, 256 << 10)
"""Bytes of a request, one after the other, where a proxy refuses longer ones."""

NEW_ONES = 3
"""How often an upload that the service has lost is begun anew."""


def are_taken(client: Client) -> bool:
    """Whether the service takes uploads in pieces; older ones do not."""
    try:
        client.call("GET", "/uploads?limit=1")
    except errors.NotFound:
        return False
    except errors.OpampkgError as error:
        if error.status != 405:
            raise
        return False
    return True


def is_too_large_for_a_proxy(error: errors.OpampkgError) -> bool:
    """Whether a request was longer than something between takes: a 413 that is not the service's."""
    return error.status == 413 and not error.problem_name


def send(client: Client, file: LocalFile, place: Place, target: str, progress: Callable[[int], None]) -> Package:
    """Send what is missing of an upload that broke off, else all of a new one; returns what it has published."""
    for last in (*[False] * NEW_ONES, True):
        try:
            found = unfinished(client, file, place) or begin(client, file, target)
            if isinstance(found, Package):
                return found
            return Sending(client, file, found, progress).run()
        except errors.NotFound:  # it has expired, or its parts are lost
            if last:
                raise
    raise AssertionError


def begin(client: Client, file: LocalFile, target: str) -> str | Package:
    """A new upload's id; the package, if the coordinates hold these bytes by now. Raises Conflict for others."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Repr-Digest": file.digest,
        "Upload-Complete": "?0",
        "Upload-Length": str(file.size),
    }
    answer = client.call("PUT", target, headers)
    if answer.headers.get("Upload-Complete") == "?1":
        return made(Package, answer.json())
    # Its host is the service's public one, which may not be the one that we reach.
    return answer.headers["Location"].rstrip("/").rpartition("/")[2]


def unfinished(client: Client, file: LocalFile, place: Place) -> str | None:
    """The id of one's own upload of this file that nobody sends any more."""
    found = _latest(client, file, place)
    if found is not None and found.idle_seconds < IDLE:
        # Its sender may have died a moment ago.
        client.note(f"{file.path}: an upload of this file had bytes a moment ago; looking whether it still has.")
        time.sleep(IDLE - found.idle_seconds)
        found = _latest(client, file, place)
    return found.id if found is not None and found.idle_seconds >= IDLE else None


def _latest(client: Client, file: LocalFile, place: Place) -> Upload | None:
    filters = {"name": place.name, "version": place.version, "platform": place.platform, "arch": place.arch}
    same = [each for each in client.uploads(**filters) if (each.length, each.checksum) == (file.size, file.checksum)]
    if not same:
        return None
    name = client.me().username  # an admin's list has everyone's
    return max((each for each in same if each.created_by == name), key=lambda each: each.offset, default=None)


class Sending:
    """One upload on its way: asks for the offset, sends from there, and again after each failure."""

    def __init__(self, client: Client, file: LocalFile, upload_id: str, progress: Callable[[int], None]) -> None:
        self.client = client
        self.file = file
        self.path = f"/uploads/{upload_id}"
        self.progress = progress
        self.patience = client.patience()
        self.furthest = 0
        self.pieces = iter(PIECES)
        self.piece = file.size

    def run(self) -> Package:
        """Send all that is missing. Raises NotFound if the upload is no more, or what else PUT raises."""
        offset = self._ask()
        while True:
            try:
                answer = self._patch(offset)
            except errors.Unreachable as error:
                self.patience.wait(error)
                offset = self._ask()
            except errors.Conflict as error:
                if error.offset is None or error.problem_name == "package-exists":
                    raise
                offset = self._moved_to(error.offset, error)
            except errors.Refused as error:
                self._send_less(error)
                offset = self._ask()
            else:
                if answer.status in (200, 201):
                    return made(Package, answer.json())
                offset = self._moved_to(int(answer.headers["Upload-Offset"]), None)

    def _ask(self) -> int:
        """The offset; asking for it ends whoever else sends, and waits until what came before is stored."""
        answer = self.client.call("HEAD", self.path)
        return self._told(int(answer.headers["Upload-Offset"]))

    def _told(self, offset: int) -> int:
        if offset > self.furthest:
            self.furthest = offset
            self.patience.moved()
        self.progress(offset)
        return offset

    def _moved_to(self, offset: int, error: errors.Conflict | None) -> int:
        """Where to go on; with a pause if the service knows no more than before."""
        if offset <= self.furthest:
            self.patience.wait(errors.Unreachable(str(error or "The service takes no more bytes.")))
        return self._told(offset)

    def _patch(self, offset: int) -> Answer:
        end = min(offset + self.piece, self.file.size)
        headers = {
            "Content-Type": "application/partial-upload",
            "Upload-Offset": str(offset),
            "Upload-Complete": "?1" if end == self.file.size else "?0",
        }
        piece = FilePiece(self.file.path, offset, end, lambda sent: self.progress(offset + sent))
        return self.client.once("PATCH", self.path, headers, piece)

    def _send_less(self, error: errors.Refused) -> None:
        """Smaller pieces, where something between refused this one; else, or if there are none, raise `error`."""
        if not is_too_large_for_a_proxy(error):
            raise error
        self.piece = next((each for each in self.pieces if each < self.piece), 0)
        if not self.piece:
            raise error
