"""A piece of an upload: what a request sends, read behind what is there, hashed, and kept however it ends."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.errors import PieceCut, ServiceError, TooLarge, UploadInterrupted, UploadTimedOut
from app.storage.digest import ResumableSha256
from app.storage.interface import ByteSource, ObjectReader
from app.uploads.takeover import Succession
from app.uploads.upload import Upload

CUT = "The piece ended early; what came of it is kept. Ask for the offset with HEAD, and go on from there."


class Body(ByteSource, Protocol):
    """A request's body."""

    def begin(self) -> None:
        """Have the client send it. Raises Overloaded."""

    def also_check(self, check: Callable[[], None]) -> None:
        """Call `check` every moment while bytes are waited for; what it raises `readinto` raises."""


class PieceDigest:
    """The digest that a piece has to have. Its bytes count all or not at all."""

    def __init__(self, algorithm: str, expected: bytes, mismatch: ServiceError) -> None:
        """`algorithm`: sha256 or sha1; `mismatch` is raised for other bytes."""
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected
        self._mismatch = mismatch

    def update(self, content: memoryview) -> None:
        """Go on with `content`."""
        self._hash.update(content)

    def check(self) -> None:
        """Raise if other bytes have come."""
        if self._hash.digest() != self._expected:
            raise self._mismatch


@dataclass(frozen=True, slots=True)
class Piece:
    """What a request adds. `is_last`: it says that the upload is complete with it."""

    body: Body
    digest: PieceDigest | None = None
    is_last: bool = False


class PieceReader:
    """A `ByteSource`: the upload's tail, then at most `missing` bytes of the body.

    It does not raise where the body does, but ends, and has the `error`: what came before is to be kept.
    """

    def __init__(
        self,
        piece: Piece,
        tail: ObjectReader | None,
        sha256: ResumableSha256 | None,
        upload: Upload,
        succession: Succession,
    ) -> None:
        """`sha256`: of all bytes before the upload's offset, None where that is not known."""
        self._piece = piece
        self._succession = succession
        self._tail = tail
        self._sha256 = sha256
        self._position = upload.offset
        self._part_size = upload.part_size
        self._states: dict[int, bytes] = {}
        self.error: ServiceError | None = None
        self.received = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from its start; 0 at the end only. Raises StorageUnavailable where the tail cannot be read."""
        if self._tail is not None:
            block = self._tail.read(len(buffer))
            if block:
                buffer[: len(block)] = block
                return len(block)
            self._tail.close()
            self._tail = None
        if self.error is not None:
            return 0
        try:
            count = self._piece.body.readinto(buffer)
        except ServiceError as error:
            self.error = error
            self._succession.ending()
            return 0
        self._succession.heard()
        self._take(buffer[:count])
        return count

    def _take(self, content: memoryview) -> None:
        if self._piece.digest:
            self._piece.digest.update(content)
        self.received += len(content)
        self._position += len(content)
        if self._sha256:
            self._sha256.update(content)
            if self._position % self._part_size == 0:
                self._states[self._position] = self._sha256.state()

    def drain(self) -> None:
        """Read the rest, and hash it."""
        buffer = memoryview(bytearray(1 << 20))
        while self.readinto(buffer):
            pass

    def close(self) -> None:
        """Give the tail's connection back."""
        if self._tail is not None:
            self._tail.close()

    @property
    def is_too_long(self) -> bool:
        """Whether more has come than was missing."""
        return isinstance(self.error, TooLarge)

    @property
    def position(self) -> int:
        """How many bytes of the file have come, those of pieces before included."""
        return self._position

    def raise_ended(self) -> None:
        """Raise if the piece ended early, or was too long. Never 408: tus clients give up on that."""
        if isinstance(self.error, UploadInterrupted | UploadTimedOut):
            raise PieceCut(CUT) from self.error
        if self.error:
            raise self.error

    def state_at(self, offset: int) -> bytes | None:
        """The hash's state when `offset` bytes of the file had come: at a part's end, or now."""
        if offset == self._position and self._sha256:
            return self._sha256.state()
        return self._states.pop(offset, None)

    def hexdigest(self) -> str | None:
        """The SHA-256 of the file so far, None where it is not known."""
        return self._sha256.hexdigest() if self._sha256 else None
