"""S3 multipart uploads: two threads send parts while the source fills the next buffer; and aborting them.

Parts also where the length is known. One streamed PUT with a checksum trailer took 12 % less CPU, but MinIO gives a
request up (503 RequestTimeout) when its client sends nothing for 30 s, and ours may for 60 s. A part is whole in
memory before its request begins, so a slow client never holds a request to the S3.
"""

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from app.errors import StorageUnavailable
from app.storage.interface import ByteSource, StoredPart
from app.storage.s3.client import S3Client
from app.storage.s3.deadline import CLEANUP_TIMEOUT, FIRST_BYTE_TIMEOUT, ProgressDeadline
from app.storage.s3.errors import NoSuchUpload, elements, elements_of_each, foreign_response, refusal
from app.storage.s3.request import Body, Crc32c, S3Request

PART_SIZE = 8 * 1024 * 1024
"""Bytes of the first parts, if nothing else is asked. S3 takes no part below 5 MiB but the last."""

SENDERS = 2
"""Parts that are sent at once; measured: three are not faster than two."""

BUFFER_COUNT = SENDERS + 1
"""Parts in memory at once: one is filled while the others are sent."""

PARTS_OF_ONE_SIZE = 1000
"""After so many parts the size doubles: 10,000 parts of 8 MiB then hold 8 TiB, and below 7.8 GiB none is larger."""

READ_SIZE = PART_SIZE
"""Bytes asked of the source at once. Reads of 1 MiB cost a tenth more CPU: between two of them the bytes push our code
out of the processor's cache."""


@dataclass(slots=True)
class Part:
    """A buffer with a part's bytes, to be used again when the part is sent."""

    buffer: bytearray = field(default_factory=bytearray)
    size: int = 0
    checksum: str = ""

    def fill(self, source: ByteSource, size: int) -> None:
        """Take `size` bytes from the source, fewer only if it has ended."""
        if len(self.buffer) < size:
            self.buffer = bytearray(size)
        view, filled, checksum = memoryview(self.buffer)[:size], 0, Crc32c()
        while filled < size and (count := source.readinto(view[filled : filled + READ_SIZE])):
            checksum.update(view[filled : filled + count])
            filled += count
        self.size, self.checksum = filled, str(checksum)

    @property
    def body(self) -> Body:
        """The part as the body of a request."""
        return Body(memoryview(self.buffer)[: self.size], self.checksum)


def part_size(number: int, first: int = PART_SIZE) -> int:
    """Bytes of part `number`, from 1 on; part 1 has `first`."""
    return first << ((number - 1) // PARTS_OF_ONE_SIZE)


@dataclass
class MultipartUpload:
    """One multipart upload of `key`, from its first request to completion or abortion."""

    client: S3Client
    key: str
    upload_id: str = ""
    size: int = 0
    _sent: list[Future[StoredPart]] = field(default_factory=list)
    _given_up: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> str:
        """Open the upload and return its id."""
        # A repeated request would open a second upload of which nobody knows the id: so a fresh connection.
        headers = {"x-amz-checksum-algorithm": "CRC32C"}
        request = S3Request("POST", self.key, query={"uploads": ""}, headers=headers, body=Body(b""), fresh=True)
        document = self.client.send(request).document()
        self.upload_id = elements(document).get("UploadId", "")
        if not self.upload_id:
            raise StorageUnavailable("The storage gave no id for a multipart upload. Try again.")
        return self.upload_id

    def send_all(self, part: Part, following: Part, source: ByteSource) -> None:
        """Send `part`, `following` and then all of the source, each part while the next is read."""
        free: queue.SimpleQueue[Part] = queue.SimpleQueue()
        for _ in range(SENDERS - 1):
            free.put(Part())
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="s3-part") as senders:
            try:
                self._submit(senders, part, free)
                size = first_size = part.size
                part = following
                self._submit(senders, part, free)
                while part.size == size:
                    part, size = free.get(), part_size(len(self._sent) + 1, first_size)
                    self._raise_failed()
                    part.fill(source, size)
                    self._submit(senders, part, free)
            except BaseException:
                self._given_up.set()
                raise

    def complete(self) -> str:
        """Put the parts together and return the object's ETag. See `complete`."""
        parts = [part.result() for part in self._sent]
        return complete(self.client, self.key, self.upload_id, parts, self.size)

    def abort(self, seconds: float = FIRST_BYTE_TIMEOUT) -> None:
        """End the upload and remove its parts; it being gone already is success."""
        try:
            query = {"uploadId": self.upload_id}
            self.client.delete(S3Request("DELETE", self.key, query=query, deadline=ProgressDeadline(seconds)))
        except NoSuchUpload:
            return

    def _submit(self, senders: ThreadPoolExecutor, part: Part, free: "queue.SimpleQueue[Part]") -> None:
        if not part.size:
            return
        self.size += part.size
        sent = senders.submit(self._send, part, len(self._sent) + 1)
        sent.add_done_callback(lambda _: free.put(part))
        self._sent.append(sent)

    def _send(self, part: Part, number: int) -> StoredPart:
        if self._given_up.is_set():
            # The parts that wait would each wait for a dead storage again.
            raise StorageUnavailable
        try:
            return self.send_part(part, number)
        except BaseException:
            self._given_up.set()
            raise

    def send_part(self, part: Part, number: int) -> StoredPart:
        """Send one part; one of the same number is overwritten."""
        query = {"partNumber": str(number), "uploadId": self.upload_id}
        deadline = ProgressDeadline(for_bytes=self.size)
        response = self.client.send(S3Request("PUT", self.key, query=query, body=part.body, deadline=deadline))
        response.document()
        return StoredPart(number, response.etag, part.checksum)

    def _raise_failed(self) -> None:
        for sent in self._sent[-SENDERS - 1 :]:
            if sent.done():
                sent.result()


def complete(client: S3Client, key: str, upload_id: str, parts: Iterable[StoredPart], size: int) -> str:
    """Put the parts together to an object of `size` bytes and return its ETag. Raises InvalidPart, NoSuchUpload.

    A large file may take longer: 1 s per 256 MiB, and more while the storage answers other questions, since some copy
    all of it (VersityGW 11 s for 1 GiB on a busy disk).
    """
    request = S3Request(
        "POST",
        key,
        query={"uploadId": upload_id},
        body=Body(f"<CompleteMultipartUpload>{''.join(map(_element, parts))}</CompleteMultipartUpload>".encode()),
        deadline=ProgressDeadline(for_bytes=size, is_alive=client.is_alive),
        fresh=True,
        outlives=True,
    )
    document = client.send(request).document()
    etag = elements(document).get("ETag", "").strip('"')
    if not etag:
        # S3 sends 200 before it knows, and an <Error> in the body when it has failed.
        raise refusal(request, 500, document)
    return etag


def _element(part: StoredPart) -> str:
    """A part in the CompleteMultipartUpload document."""
    fields = {"PartNumber": str(part.number), "ETag": part.etag, "ChecksumCRC32C": part.checksum}
    return "<Part>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items()) + "</Part>"


def list_uploads(client: S3Client, key: str) -> list[str]:
    """The ids of the unfinished uploads of exactly this key. MinIO lists them for no shorter prefix."""
    upload_ids: list[str] = []
    query = {"uploads": "", "prefix": key}
    while True:
        document = client.send(S3Request("GET", query=query)).document()
        listed = elements_of_each("Upload", document)
        upload_ids += [upload["UploadId"] for upload in listed if upload.get("Key") == key]
        page = elements(document)
        if "IsTruncated" not in page:
            raise foreign_response()
        if page["IsTruncated"] != "true" or not page.get("NextUploadIdMarker"):
            return upload_ids
        query |= {"key-marker": page["NextKeyMarker"], "upload-id-marker": page["NextUploadIdMarker"]}


def write_in_parts(
    client: S3Client, key: str, first: tuple[Part, Part], source: ByteSource, on_upload_id: Callable[[str], None] | None
) -> tuple[int, str]:
    """Store the `first` two parts and what follows in the source; size and ETag. Aborts whatever fails."""
    upload = MultipartUpload(client, key)
    upload.begin()
    try:
        if on_upload_id is not None:
            on_upload_id(upload.upload_id)
        upload.send_all(*first, source)
        return upload.size, upload.complete()
    except BaseException as error:
        _abort_after(error, upload)
        raise


def _abort_after(error: BaseException, upload: MultipartUpload) -> None:
    try:
        upload.abort(CLEANUP_TIMEOUT if isinstance(error, StorageUnavailable) else FIRST_BYTE_TIMEOUT)
    except Exception as abort_error:  # noqa: BLE001 - the first error is the one to tell; reconcile finds the upload by the ledger
        error.add_note(f"and the multipart upload stays for reconcile: {abort_error}")
