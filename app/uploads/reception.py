"""Reception of pieces: what of a piece is durable is committed as it comes, so that a told offset never goes back."""

from dataclasses import dataclass

from app.accounts.caller import Caller
from app.packages.manager import PackageManager, Published
from app.storage.hashing import Memory
from app.storage.interface import SoFar
from app.uploads.piece import Piece, PieceReader
from app.uploads.store import UploadStore
from app.uploads.upload import Advance, Upload


class Reception:
    """An upload that this request has taken over, as it is by now; `published` once this request has published it."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.published: Published | None = None


class UploadProgress:
    """A `Progress` that commits what is stored: at once, or only by `commit` where a digest is still to be compared."""

    def __init__(
        self, store: UploadStore, packages: PackageManager, reception: Reception, reader: PieceReader, piece: Piece
    ) -> None:
        self._store = store
        self._packages = packages
        self._reception = reception
        self._reader = reader
        self._waits = piece.digest is not None
        self._noted_parts = 0

    def insist(self) -> None:
        """Raise Superseded if another request has taken the upload over."""
        self._store.insist(self._reception.upload)

    def begun(self, upload_id: str) -> None:
        """Note the S3 multipart upload; raises Superseded."""
        self._store.begun(self._reception.upload, upload_id)

    def stored(self, so_far: SoFar) -> None:
        """Commit the parts, unless all is there: that is told by the commit which publishes."""
        if not self._waits and so_far.size < self._reception.upload.length:
            self._advance(so_far, so_far.size, None)

    def commit(self, so_far: SoFar, rest: memoryview) -> None:
        """Commit what is not committed yet, and `rest` behind it as the new tail: this request adds no more."""
        if rest:
            key = self._packages.ledger.reserve()
            with self._packages.discarding(key):
                written = self._packages.storage.write(key, Memory(rest), size=len(rest))
                self._advance(so_far, so_far.size + len(rest), (key, written.fingerprint), is_last=True)
        elif so_far.size > self._reception.upload.offset:
            self._advance(so_far, so_far.size, None, is_last=True)

    def _advance(self, so_far: SoFar, offset: int, tail: tuple[str, str] | None, *, is_last: bool = False) -> None:
        before = self._reception.upload
        to = Advance(offset, self._reader.state_at(offset), so_far.parts[self._noted_parts :], tail, is_last)
        self._reception.upload = self._store.advance(before, to)
        self._noted_parts = len(so_far.parts)
        if before.tail:
            self._packages.remove_quietly(before.tail[0])


@dataclass(frozen=True, slots=True)
class Adding:
    """A piece while it is received."""

    reception: Reception
    piece: Piece
    reader: PieceReader
    progress: UploadProgress
    publisher: Caller
