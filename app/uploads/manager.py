"""The order in which uploads in pieces are received, completed and ended."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.accounts.caller import Caller
from app.errors import (
    BadRequest,
    ObjectChanged,
    ObjectNotFound,
    PackageExists,
    PackageNotFound,
    PartsLost,
    Unavailable,
    UploadGone,
)
from app.packages.manager import PackageManager
from app.packages.store import PackageRow
from app.storage.digest import FORMAT, carried_on
from app.storage.hashing import fill
from app.storage.interface import ObjectReader, Resumption, SoFar, WrittenObject
from app.uploads.completion import LOST, UploadCompletion
from app.uploads.piece import Piece, PieceReader
from app.uploads.reception import Adding, Reception, UploadProgress
from app.uploads.store import UploadStore
from app.uploads.takeover import Succession, UploadClaims
from app.uploads.upload import NewUpload, Upload


class UploadManager:
    """Receives uploads in pieces. What it was told is never lost, and a package is visible whole or not at all."""

    def __init__(
        self,
        store: UploadStore,
        claims: UploadClaims,
        packages: PackageManager,
        resumption: Resumption,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` is told of each upload that is created, and of the outcome of each that ends."""
        self.store = store
        self.claims = claims
        self.packages = packages
        self.storage = packages.storage
        self.resumption = resumption
        self._count = count
        self._completion = UploadCompletion(store, claims, packages, resumption, count)

    def published_already(self, new: NewUpload) -> PackageRow | None:
        """The intact package that has the declared checksum at these coordinates; None if there is none.

        Raises PackageExists if there are other bytes than those declared.
        """
        if new.fields.checksum is None:
            return None
        try:
            package = self.packages.store.find(new.fields.coordinates)
        except PackageNotFound:
            return None
        if package.checksum != new.fields.checksum:
            raise PackageExists(package.name)
        return package if self.packages.is_intact(package) else None

    def create(self, new: NewUpload, owner: Caller) -> Reception:
        """A new upload. Raises TooManyUploads."""
        upload = self.store.create(new, owner, self.resumption.part_size(new.length), FORMAT)
        self._count("created")
        return Reception(upload)

    def claim(self, upload_id: str, caller: Caller) -> Reception:
        """Take an upload over. Raises UploadNotFound, UploadGone."""
        return _of_claimed(self.claims.claim(upload_id, caller))

    @contextlib.contextmanager
    def holding(self, upload_id: str, caller: Caller) -> Iterator[Reception]:
        """Take an upload over, to add a piece within the block: others wait for its end. Raises as `claim` does."""
        reception = _of_claimed(self.claims.claim(upload_id, caller, to_receive=True))
        try:
            yield reception
        finally:
            if reception.upload.state == "open" and reception.upload.is_held:
                with contextlib.suppress(Unavailable):
                    self.claims.release(reception.upload)

    def end(self, upload_id: str, caller: Caller) -> None:
        """Forget an upload, and remove what is stored of it; a package stays. Raises UploadNotFound."""
        upload = self.claims.claim(upload_id, caller)
        self.store.remove(upload)
        if upload.state == "open":
            self._count("deleted")
            self._completion.remove(upload.keys)

    def receive(self, reception: Reception, piece: Piece, publisher: Caller) -> None:
        """Add a piece to the open upload that was taken over, and publish it if it is whole then.

        Raises PieceCut where the piece ended early, and what the piece itself raises, when what came of it is kept;
        UploadGone, Superseded, DigestMismatch, and what `PackageManager.make_visible` raises.
        """
        piece.body.begin()
        with self._reading(reception, piece) as reader:
            progress = UploadProgress(self.store, self.packages, reception, reader, piece)
            adding = Adding(reception, piece, reader, progress, publisher)
            try:
                self._settle_piece(adding, *self._store_parts(adding))
            except PartsLost:
                self._completion.recover(adding)

    @contextlib.contextmanager
    def _reading(self, reception: Reception, piece: Piece) -> Iterator[PieceReader]:
        """What the piece gives, behind the upload's tail. Raises UploadGone if that is lost."""
        upload = reception.upload
        sha256 = carried_on(upload.hash_state, upload.hash_format) if upload.object_key else None
        try:
            tail = self._open_tail(upload)
        except (ObjectNotFound, ObjectChanged) as error:
            self._completion.fail(reception, LOST)
            raise UploadGone(LOST) from error
        succession = Succession(self.claims, upload)
        piece.body.also_check(succession.check)
        reader = PieceReader(piece, tail, sha256, upload, succession)
        try:
            yield reader
        finally:
            reader.close()

    def _open_tail(self, upload: Upload) -> ObjectReader | None:
        if upload.tail is None:
            return None
        key, fingerprint = upload.tail
        return self.storage.open(key, expected=WrittenObject(upload.offset - upload.so_far.size, fingerprint))

    def _store_parts(self, adding: Adding) -> tuple[SoFar, memoryview]:
        """Store the whole parts of the piece; what is durable then, and what is left of it."""
        upload = adding.reception.upload
        if upload.object_key is None:
            buffer = memoryview(bytearray(upload.length + 1))
            return upload.so_far, buffer[: fill(adding.reader, buffer)]
        so_far = replace(upload.so_far, upload_id=self.store.multipart_upload(upload))
        return self.resumption.go_on(upload.object_key, so_far, adding.reader, adding.progress)

    def _settle_piece(self, adding: Adding, so_far: SoFar, rest: memoryview) -> None:
        """Commit what the piece has brought, and complete the upload if it is whole."""
        reader = adding.reader
        if adding.piece.digest:
            reader.raise_ended()
            adding.piece.digest.check()
        is_whole = so_far.size + len(rest) == adding.reception.upload.length
        if is_whole and not reader.is_too_long:
            self._completion.complete(adding, so_far, rest)
            return
        if not is_whole and reader.received:
            adding.progress.commit(so_far, rest)
        reader.raise_ended()
        if adding.piece.is_last:
            raise BadRequest("Upload-Complete: ?1 came with fewer bytes than are missing; they are kept.")


def _of_claimed(upload: Upload) -> Reception:
    if upload.state == "failed":
        raise UploadGone(upload.failure)
    return Reception(upload)
