"""Uploads as the manager sees them, whichever way they arrive."""

from dataclasses import dataclass
from typing import Protocol

from app.packages.settlement import SentSignature
from app.packages.store import Coordinates
from app.storage.interface import ByteSource


@dataclass(frozen=True, slots=True)
class UploadFields:
    """What the client says of the file. `checksum` is the SHA-256 it declares, in hex; None where it does not."""

    coordinates: Coordinates
    file_name: str
    content_type: str
    description: str
    checksum: str | None
    signatures: tuple[SentSignature, ...] = ()


class Upload(Protocol):
    """One upload while it is being received: first its file, then `finish`."""

    size: int | None
    """Exact length of the file in bytes, where it is known before it is read."""

    def open_file(self) -> ByteSource:
        """Read up to the file's first byte. Raises BadRequest, Invalid, TooLarge."""

    def finish(self) -> UploadFields:
        """Read what follows the file, insist that the body is whole, and check all fields.

        Raises UploadInterrupted, BadRequest, Invalid.
        """
