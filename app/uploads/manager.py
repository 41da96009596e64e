"""The order in which uploads in pieces are received, completed and ended."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from app.accounts.caller import Caller
from app.errors import (
    BadRequest,
    DigestMismatch,
    ObjectChanged,
    ObjectNotFound,
    PackageExists,
    PackageNotFound,
    PartsLost,
    Unavailable,
    UploadGone,
)
from app.packages.manager import PackageManager
from app.packages.store import NewPackage, PackageRow
from app.storage.digest import FORMAT, ResumableSha256
from app.storage.hashing import Memory, checksum_of, fill
from app.storage.interface import ObjectReader, Resumption, SoFar, WrittenObject
from app.uploads.piece import Piece, PieceReader
from app.uploads.reception import Adding, Reception, UploadProgress
from app.uploads.store import UploadStore
from app.uploads.upload import NewUpload, Upload

LOST = "The storage has lost what was stored of this upload. Create a new one."

log = logging.getLogger(__name__)


class UploadManager:
    """Receives uploads in pieces. What it was told is never lost, and a package is visible whole or not at all."""

    def __init__(
        self,
        store: UploadStore,
        packages: PackageManager,
        resumption: Resumption,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` is told of each upload that is created, and of the outcome of each that ends."""
        self.store = store
        self.packages = packages
        self.storage = packages.storage
        self.resumption = resumption
        self._count = count

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
        upload = self.store.claim(upload_id, caller)
        if upload.state == "failed":
            raise UploadGone(upload.failure)
        return Reception(upload)

    def end(self, upload_id: str, caller: Caller) -> None:
        """Forget an upload, and remove what is stored of it; a package stays. Raises UploadNotFound."""
        upload = self.store.claim(upload_id, caller)
        self.store.remove(upload)
        if upload.state == "open":
            self._count("deleted")
            self._remove(upload.keys)

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
                self._recover(adding)

    @contextlib.contextmanager
    def _reading(self, reception: Reception, piece: Piece) -> Iterator[PieceReader]:
        """What the piece gives, behind the upload's tail. Raises UploadGone if that is lost."""
        upload = reception.upload
        sha256 = None
        if upload.object_key and upload.hash_state is not None and upload.hash_format == FORMAT:
            sha256 = ResumableSha256(upload.hash_state)
        try:
            tail = self._open_tail(upload)
        except (ObjectNotFound, ObjectChanged) as error:
            self._fail(reception, LOST)
            raise UploadGone(LOST) from error
        reader = PieceReader(piece, tail, sha256, at=upload.offset, part_size=upload.part_size)
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
            self._complete(adding, so_far, rest)
            return
        if not is_whole and reader.received:
            adding.progress.commit(so_far, rest)
        reader.raise_ended()
        if adding.piece.is_last:
            raise BadRequest("Upload-Complete: ?1 came with fewer bytes than are missing; they are kept.")

    def _complete(self, adding: Adding, so_far: SoFar, rest: memoryview) -> None:
        """All bytes are here: make them the object, and publish it."""
        reception, upload = adding.reception, adding.reception.upload
        if upload.object_key is None:
            self._publish_small(reception, rest, adding.publisher)
            return
        checksum = adding.reader.hexdigest()
        if checksum:
            self._insist_on_declared(reception, checksum)
            self.store.received(upload, checksum)
        parts = {**self.store.parts(upload), **{part.number: part for part in so_far.parts}}
        so_far = replace(so_far, parts=tuple(parts[number] for number in sorted(parts)))
        written = self.resumption.finish(upload.object_key, so_far, rest, adding.progress)
        if not checksum:
            checksum = checksum_of(self.storage, upload.object_key, written)
            self._insist_on_declared(reception, checksum)
        self._publish(reception, upload.object_key, checksum, written, adding.publisher)

    def _publish_small(self, reception: Reception, content: memoryview, publisher: Caller) -> None:
        """A file of one part: under a key of its own, where no superseded worker's late write can land on it."""
        checksum = hashlib.sha256(content).hexdigest()
        self._insist_on_declared(reception, checksum)
        self.store.insist(reception.upload)
        key = self.packages.ledger.reserve()
        with self.packages.discarding(key):
            written = self.storage.write(key, Memory(content), size=len(content))
            self._publish(reception, key, checksum, written, publisher)

    def _publish(
        self, reception: Reception, key: str, checksum: str, written: WrittenObject, publisher: Caller
    ) -> None:
        upload, fields = reception.upload, reception.upload.fields
        package = NewPackage(
            fields.coordinates, fields.file_name, fields.content_type, fields.description, checksum, publisher
        )
        try:
            published = self.packages.make_visible(key, package, written, self.store.settlement(upload))
        except PackageExists as error:
            self._fail(reception, error.detail)
            raise
        done = {"state": "done", "offset": upload.length, "package_id": published.package.id}
        reception.upload = replace(upload, **done, is_new=published.created)
        reception.published = published
        self._count("published" if published.created else "existing")
        self._remove([each for each in upload.keys if each != published.package.object_key])

    def _recover(self, adding: Adding) -> None:
        """Parts are gone. If the object stands, its completion had worked and the answer was lost: publish it.

        Raises UploadGone otherwise, or if it has other bytes than were received.
        """
        reception, upload, reader = adding.reception, adding.reception.upload, adding.reader
        key = upload.object_key or ""
        reader.drain()
        checksum = reader.hexdigest() if reader.position == upload.length else upload.received_checksum
        with contextlib.suppress(ObjectNotFound, ObjectChanged):
            written = self.storage.stat(key)
            if written.size == upload.length and checksum == checksum_of(self.storage, key, written):
                self._publish(reception, key, checksum, written, adding.publisher)
                return
        self._fail(reception, LOST)
        raise UploadGone(LOST)

    def _insist_on_declared(self, reception: Reception, checksum: str) -> None:
        declared = reception.upload.fields.checksum
        if declared in (None, checksum):
            return
        error = DigestMismatch({"checksum": [f"You declared {declared}; the bytes received have {checksum}."]})
        self._fail(reception, error.detail)
        raise error

    def _fail(self, reception: Reception, reason: str) -> None:
        keys = reception.upload.keys
        reception.upload = self.store.fail(reception.upload, reason)
        self._count("failed")
        self._remove(keys)

    def _remove(self, keys: Sequence[str]) -> None:
        """Delete doomed bytes, now if that can be, by `reconcile` if not."""
        for key in keys:
            try:
                self.storage.abort_uploads(key)
            except Unavailable as error:
                log.warning("left %s to reconcile: %s", key, error.detail)
                continue
            self.packages.remove_quietly(key)
