"""S3 storage: objects in a bucket of MinIO or any other S3."""

from collections.abc import Callable, Iterator

from app.config.sections import MinioSection
from app.errors import ObjectChanged, ObjectNotFound, StorageUnavailable
from app.storage.interface import PAGE_SIZE, ByteSource, ListedObject, ObjectReader, WrittenObject
from app.storage.s3.account import S3Account
from app.storage.s3.client import S3Client
from app.storage.s3.deadline import ProgressDeadline
from app.storage.s3.errors import NoSuchBucket, elements, foreign_response
from app.storage.s3.listing import list_objects
from app.storage.s3.multipart import BUFFER_COUNT, PART_SIZE, MultipartUpload, Part, list_uploads, write_in_parts
from app.storage.s3.presign import S3Presigner
from app.storage.s3.reader import NoBytes, S3Reader
from app.storage.s3.request import S3Request
from app.storage.s3.response import S3Response
from app.storage.s3.resumption import S3Resumption


class MinioStorage:
    """A `Storage` in the bucket `bucket` of the S3 at `endpoint` (host or host:port).

    The bucket is made when it is absent and `may_create()` agrees, at the first write or ping, and never
    again once it was seen: a bucket that vanishes has taken its objects along, which an empty one would hide.
    An upload has BUFFER_COUNT parts of `part_size` bytes in memory.
    """

    name = "minio"

    def __init__(
        self, account: S3Account, *, may_create: Callable[[], bool] = lambda: True, part_size: int = PART_SIZE
    ) -> None:
        self.location = account.bucket
        self._account = account
        self._part_size = part_size
        self._client = S3Client(account)
        self._may_create = may_create
        self._bucket_seen = False

    @classmethod
    def from_config(cls, config: MinioSection, *, may_create: Callable[[], bool] = lambda: True) -> "MinioStorage":
        """The storage that the section `minio` of the configuration describes; connects to nothing."""
        account = S3Account(
            config.endpoint,
            config.access_key.get_secret_value(),
            config.secret_key.get_secret_value(),
            config.bucket,
            use_ssl=config.use_ssl,
            region=config.region,
        )
        return cls(account, may_create=may_create, part_size=config.upload_memory // BUFFER_COUNT)

    def __repr__(self) -> str:
        return f"MinioStorage({self._client!r})"

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,
        on_upload_id: Callable[[str], None] | None = None,
    ) -> WrittenObject:
        """Store all of `source`: up to one part in a single PUT, more in parts. See `Storage.write`."""
        self._see_bucket()
        part, following = Part(), Part()
        part.fill(source, self._part_size if size is None else min(size + 1, self._part_size))
        if part.size == self._part_size != size:
            following.fill(source, self._part_size)
        if following.size:
            return WrittenObject(*write_in_parts(self._client, key, (part, following), source, on_upload_id))
        return WrittenObject(part.size, self._put(key, part))

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open the object by one GET of just these bytes. See `Storage.open`."""
        rest = max(expected.size - start, 0)
        length = rest if length is None else min(length, rest)
        if not length and expected.size:
            if self.stat(key) != expected:
                raise ObjectChanged("The object is not the one that was written.")
            return NoBytes()

        def ask(done: int) -> S3Response:
            return self._ask_for(key, expected, start + done, length - done)

        return S3Reader(ask(0), length, ask)

    def stat(self, key: str) -> WrittenObject:
        """Size and ETag. See `Storage.stat`."""
        deadline = ProgressDeadline()
        try:
            response = self._client.send(S3Request("HEAD", key, deadline=deadline))
        except StorageUnavailable:
            # The response to a HEAD has no body, so a missing key and a missing bucket look alike: ask again by GET.
            response = self._client.send(S3Request("GET", key, deadline=deadline))
        response.finish()
        return _described(response)

    def delete(self, key: str) -> None:
        """Remove the object; it being gone already is success."""
        try:
            self._client.delete(S3Request("DELETE", key))
        except ObjectNotFound:
            return

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:
        """End the multipart uploads of exactly this key, and `upload_id`."""
        known = {upload_id} if upload_id else set()
        for each in known.union(list_uploads(self._client, key)):
            MultipartUpload(self._client, key, each).abort()

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS. See `Storage.pages`."""
        return list_objects(self._client, PAGE_SIZE)

    def presigner(self, host: str = "") -> S3Presigner:
        """Signs with this storage's own keys. See `Storage.presigner`."""
        return S3Presigner(self._account, host or self._account.endpoint)

    def resumption(self) -> S3Resumption:
        """Goes on with multipart uploads. See `Storage.resumption`."""
        return S3Resumption(self._client, self._see_bucket)

    def ping(self) -> None:
        """Ask for the bucket, and make it if this is the first time; StorageUnavailable tells why not.

        A MinIO is asked for its write quorum, too: without it a cluster answers, and does not do what it is for.
        """
        if not self._bucket_seen:
            self._see_bucket()
        else:
            self._ask_for_bucket()
        if self._client.lacks_quorum():
            raise StorageUnavailable("Too many of the storage's nodes or drives are away: it cannot write. Try again.")

    def close(self) -> None:
        self._client.close()

    def _ask_for(self, key: str, expected: WrittenObject, start: int, length: int) -> S3Response:
        """The response that brings these bytes of exactly this object. Raises as `open` does."""
        headers = {"if-match": f'"{expected.fingerprint}"'}
        if length < expected.size:
            headers["range"] = f"bytes={start}-{start + length - 1}"
        response = self._client.send(S3Request("GET", key, headers=headers))
        found = response.described
        if found == expected and response.has_range(start, length):
            return response
        response.finish()
        if found is None or found == expected:
            raise foreign_response()
        raise ObjectChanged("The object is not the one that was written.")

    def _put(self, key: str, part: Part) -> str:
        """Store the object in one request, and return its ETag."""
        deadline = ProgressDeadline(for_bytes=part.size)
        response = self._client.send(S3Request("PUT", key, body=part.body, deadline=deadline))
        response.document()
        if not response.etag or response.is_page:
            raise foreign_response()
        return response.etag

    def _ask_for_bucket(self) -> None:
        """Raise NoSuchBucket or StorageUnavailable with the S3's reason, which the response to a HEAD would lack."""
        query = {"list-type": "2", "max-keys": "1", "prefix": "none/"}
        if "IsTruncated" not in elements(self._client.send(S3Request("GET", query=query)).document()):
            raise foreign_response()

    def _see_bucket(self) -> None:
        if self._bucket_seen:
            return
        # Without a lock: making it twice does no harm, and behind one all threads would wait for a dead S3 in turn.
        try:
            self._ask_for_bucket()
        except NoSuchBucket:
            if not self._may_create():
                raise
            self._client.make_bucket()
        self._bucket_seen = True


def _described(response: S3Response) -> WrittenObject:
    described = response.described
    if described is None:
        raise foreign_response()
    return described
