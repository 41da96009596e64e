"""Resumed S3 multipart uploads: parts of one size, sent while the next is read, over any number of processes.

A part's number always stands for the same bytes of the file. What a superseded worker sends late has either equal
bytes, and then an equal ETag, or the upload's completion is refused (InvalidPart), which sending the part again mends.
"""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from app.errors import PartsLost, ServiceError, StorageUnavailable
from app.storage.hashing import Memory
from app.storage.interface import ByteSource, Progress, SoFar, StoredPart, WrittenObject
from app.storage.s3.client import S3Client
from app.storage.s3.errors import InvalidPart, NoSuchUpload, elements, elements_of_each, foreign_response
from app.storage.s3.multipart import PART_SIZE, SENDERS, MultipartUpload, Part, complete, list_uploads
from app.storage.s3.request import S3Request

MAX_PARTS = 9000
"""S3 takes 10,000."""

MIB = 1 << 20


class S3Resumption:
    """A `Resumption` in the bucket of `client`; `see_bucket` makes it if it never was there."""

    def __init__(self, client: S3Client, see_bucket: Callable[[], None]) -> None:
        self._client = client
        self._see_bucket = see_bucket

    def part_size(self, size: int) -> int:
        """8 MiB, or as much more as MAX_PARTS need, in whole MiB."""
        return max(PART_SIZE, -(-size // (MAX_PARTS * MIB)) * MIB)

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Send whole parts. See `Resumption.go_on`."""
        part = Part()
        part.fill(source, so_far.part_size)
        if part.size < so_far.part_size:
            return so_far, _content(part)
        with _lost_is_told():
            so_far = self._begun(key, so_far, progress)
            return PartSender(self._client, key, so_far, progress, source).send_all(part)

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Send the last part and complete the upload. See `Resumption.finish`."""
        with _lost_is_told():
            so_far = self._begun(key, so_far, progress)
            if rest:
                so_far = self._with_last(key, so_far, rest)
            progress.insist()
            written = WrittenObject(so_far.size, self._complete(key, so_far))
        with contextlib.suppress(ServiceError):
            # The object is there: what was opened beside it is not worth failing for.
            self._end_others(key, so_far.upload_id)
        return written

    def _begun(self, key: str, so_far: SoFar, progress: Progress) -> SoFar:
        """Open a multipart upload if there is none, and end those of which a crash has lost the id."""
        if so_far.upload_id:
            return so_far
        self._see_bucket()
        upload = MultipartUpload(self._client, key)
        upload.begin()
        try:
            progress.begun(upload.upload_id)
        except BaseException:
            with contextlib.suppress(ServiceError):
                upload.abort()
            raise
        self._end_others(key, upload.upload_id)
        return replace(so_far, upload_id=upload.upload_id)

    def _end_others(self, key: str, upload_id: str) -> None:
        for other in list_uploads(self._client, key):
            if other != upload_id:
                MultipartUpload(self._client, key, other).abort()

    def _with_last(self, key: str, so_far: SoFar, rest: memoryview) -> SoFar:
        part = Part()
        part.fill(Memory(rest), len(rest))
        number = so_far.size // so_far.part_size + 1
        stored = MultipartUpload(self._client, key, so_far.upload_id, part.size).send_part(part, number)
        return replace(so_far, size=so_far.size + len(rest), parts=(*so_far.parts, stored))

    def _complete(self, key: str, so_far: SoFar) -> str:
        try:
            return complete(self._client, key, so_far.upload_id, so_far.parts, so_far.size)
        except InvalidPart:
            parts = list(self._as_listed(key, so_far))
        return complete(self._client, key, so_far.upload_id, parts, so_far.size)

    def _as_listed(self, key: str, so_far: SoFar) -> Iterator[StoredPart]:
        """The parts with the ETags that the S3 has now, as far as size and CRC-32C are ours (buckets with encryption
        give the same bytes another one). Raises PartsLost.
        """
        listed = self._list_parts(key, so_far.upload_id)
        for part in so_far.parts:
            found = listed.get(part.number)
            size = min(so_far.part_size, so_far.size - (part.number - 1) * so_far.part_size)
            if found is None or found.get("ChecksumCRC32C") != part.checksum or found.get("Size") != str(size):
                raise PartsLost
            yield replace(part, etag=found["ETag"].strip('"'))

    def _list_parts(self, key: str, upload_id: str) -> dict[int, dict[str, str]]:
        parts: dict[int, dict[str, str]] = {}
        query = {"uploadId": upload_id}
        while True:
            document = self._client.send(S3Request("GET", key, query=query)).document()
            parts |= {int(part["PartNumber"]): part for part in elements_of_each("Part", document)}
            page = elements(document)
            if "IsTruncated" not in page:
                raise foreign_response()
            if page["IsTruncated"] != "true":
                return parts
            query["part-number-marker"] = page["NextPartNumberMarker"]


class PartSender:
    """Sends the parts of one go: two at a time, while the next is read."""

    def __init__(self, client: S3Client, key: str, so_far: SoFar, progress: Progress, source: ByteSource) -> None:
        self._client = client
        self._key = key
        self._so_far = so_far
        self._progress = progress
        self._source = source
        self._next = so_far.size // so_far.part_size + 1
        self._sent: deque[Future[StoredPart]] = deque()
        self._free: queue.SimpleQueue[Part] = queue.SimpleQueue()
        self._given_up = threading.Event()

    def send_all(self, part: Part) -> tuple[SoFar, memoryview]:
        """Send the full `part`, and all of the source as long as it fills parts; what is left of it."""
        for _ in range(SENDERS):
            self._free.put(Part())
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="s3-part") as senders:
            try:
                while part.size == self._so_far.part_size:
                    self._submit(senders, part)
                    part = self._free.get()
                    part.fill(self, self._so_far.part_size)
                self._collect(wait=True)
            except BaseException:
                self._given_up.set()
                raise
        return self._so_far, _content(part)

    def readinto(self, buffer: memoryview) -> int:
        """Read from the source, which may take minutes for a part: what was stored meanwhile is told first."""
        self._collect(wait=False)
        return self._source.readinto(buffer)

    def _submit(self, senders: ThreadPoolExecutor, part: Part) -> None:
        sent = senders.submit(self._send, part, self._next)
        sent.add_done_callback(lambda _: self._free.put(part))
        self._sent.append(sent)
        self._next += 1

    def _send(self, part: Part, number: int) -> StoredPart:
        if self._given_up.is_set():
            # The parts that wait would each wait for a dead storage again.
            raise StorageUnavailable
        upload = MultipartUpload(self._client, self._key, self._so_far.upload_id, part.size)
        return upload.send_part(part, number)

    def _collect(self, *, wait: bool) -> None:
        """Tell of the parts that are stored, in their order, also of those before one that has failed."""
        stored: list[StoredPart] = []
        try:
            while self._sent and (wait or self._sent[0].done()):
                stored.append(self._sent[0].result())
                self._sent.popleft()
        finally:
            if stored:
                size = self._so_far.size + len(stored) * self._so_far.part_size
                self._so_far = replace(self._so_far, size=size, parts=(*self._so_far.parts, *stored))
                self._progress.stored(self._so_far)


def _content(part: Part) -> memoryview:
    return memoryview(part.buffer)[: part.size]


@contextlib.contextmanager
def _lost_is_told() -> Iterator[None]:
    try:
        yield
    except (NoSuchUpload, InvalidPart) as error:
        raise PartsLost from error
