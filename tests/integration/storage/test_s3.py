"""What is particular to an S3: multipart uploads, connections, presigned URLs, requests that are counted."""

import hashlib
import os
import tracemalloc
from collections.abc import Iterator

import pytest

from app.config.sections import MinioSection
from app.errors import ObjectNotFound, UploadInterrupted
from app.server.pipe import SIZE, open_pipe
from app.storage.s3.multipart import BUFFER_COUNT, PART_SIZE, list_uploads, part_size
from app.storage.s3.reader import S3Reader
from app.storage.s3.request import S3Request
from app.storage.s3.storage import MinioStorage
from dev.parts import s3
from tests.integration.storage.conftest import account
from tests.integration.storage.sources import MIB, Generated, content, digest, drained, interrupted_at


@pytest.fixture
def requests(s3_storage: MinioStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[S3Request]]:
    """The requests that the storage sends, as they are sent."""
    sent: list[S3Request] = []
    send = s3_storage._client.send

    def noting(request: S3Request) -> object:
        sent.append(request)
        return send(request)

    monkeypatch.setattr(s3_storage._client, "send", noting)
    return sent


def begun(storage: MinioStorage, key: str) -> str:
    """Open a multipart upload and forget it, as a crash does; its id."""
    request = S3Request("POST", key, query={"uploads": ""})
    document = storage._client.send(request).document().decode()
    return document.split("<UploadId>")[1].split("<")[0]


def test_left_over_uploads_are_ended(s3_storage: MinioStorage, key: str) -> None:
    """Every unfinished upload of the key is found and ended, whether its id is known or not."""
    upload_ids = [begun(s3_storage, key) for _ in range(3)]
    other = begun(s3_storage, key + "f")
    s3_storage.abort_uploads(key, upload_ids[0])
    assert list_uploads(s3_storage._client, key) == []
    assert list_uploads(s3_storage._client, key + "f") == [other]


def test_an_upload_that_is_gone_is_ended(s3_storage: MinioStorage, key: str) -> None:
    """Ending an upload twice is success."""
    upload_id = begun(s3_storage, key)
    s3_storage.abort_uploads(key, upload_id)
    s3_storage.abort_uploads(key, upload_id)


def test_the_id_is_told_before_the_first_part(s3_storage: MinioStorage, key: str, requests: list[S3Request]) -> None:
    """The ledger can note the id of an upload before anything of it is stored."""
    parts_before: list[int] = []
    upload_ids: list[str] = []

    def note(upload_id: str) -> None:
        upload_ids.append(upload_id)
        parts_before.append(len([request for request in requests if request.method == "PUT"]))

    s3_storage.write(key, Generated(PART_SIZE + 1), on_upload_id=note)
    assert parts_before == [0]
    assert requests[-1].query == {"uploadId": upload_ids[0]}


def test_an_upload_that_fails_leaves_no_parts(s3_storage: MinioStorage, key: str) -> None:
    """The multipart upload is ended when its source fails."""
    with pytest.raises(UploadInterrupted):
        s3_storage.write(key, interrupted_at(4 * PART_SIZE))
    assert list_uploads(s3_storage._client, key) == []


def test_an_id_that_cannot_be_noted_ends_the_upload(s3_storage: MinioStorage, key: str) -> None:
    """If the ledger cannot take the id, nothing is sent."""

    def fail(upload_id: str) -> None:
        raise UploadInterrupted

    with pytest.raises(UploadInterrupted):
        s3_storage.write(key, Generated(2 * PART_SIZE), on_upload_id=fail)
    assert list_uploads(s3_storage._client, key) == []


@pytest.mark.parametrize("size", [0, 1, PART_SIZE])
def test_a_small_file_costs_one_request_each_way(
    s3_storage: MinioStorage, key: str, requests: list[S3Request], size: int
) -> None:
    """Up to one part: one PUT; any download: one GET."""
    s3_storage.write(key, Generated(0))
    requests.clear()
    drained(s3_storage.open(key, expected=s3_storage.write(key, Generated(size))))
    assert [request.method for request in requests] == ["PUT", "GET"]


def test_a_connection_is_used_again(minio_server: s3.S3, bucket: str, key: str) -> None:
    """One connection carries all requests that follow each other, whatever they are answered."""
    storage = MinioStorage(account(minio_server, bucket))
    written = storage.write(key, Generated(3 * MIB))
    kept = list(storage._client._pool._idle)
    assert kept
    drained(storage.open(key, expected=written))
    storage.open(key, expected=written, start=1, length=1).read()
    storage.delete(key)
    with pytest.raises(ObjectNotFound):
        storage.open(key, expected=written)
    storage.ping()
    assert storage._client._pool._idle == kept
    storage.close()


def test_upload_memory(s3_server: s3.S3, bucket: str, key: str) -> None:
    """`minio.upload_memory` bounds what one upload has in memory, whatever its size."""
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key, "region": s3_server.region}
    section = MinioSection(endpoint=s3_server.endpoint, bucket=bucket, upload_memory="16MiB", **keys)
    storage = MinioStorage.from_config(section)
    storage.ping()
    tracemalloc.start()
    try:
        written = storage.write(key, Generated(100 * MIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert drained(storage.open(key, expected=written)) == (100 * MIB, digest(100 * MIB))
    storage.close()
    assert 12 * MIB < peak < 18 * MIB


def test_size_of_parts() -> None:
    """Ten thousand parts hold more than S3's 5 TiB, with the smallest buffers too."""
    for first in (16 * MIB // BUFFER_COUNT, PART_SIZE):
        assert sum(part_size(number, first) for number in range(1, 10_001)) > 5 * 1024**4


def spliced(reader: S3Reader, size: int) -> bytes:
    """All that the reader gives through a pipe, `size` bytes at most at once."""
    moved = bytearray()
    with open_pipe() as ends:
        assert ends is not None
        source, target = ends
        while count := reader.splice_into(target, size):
            moved += os.read(source, count)
    reader.close()
    return bytes(moved)


@pytest.mark.parametrize("start", [0, 1, PART_SIZE - 3])
def test_splice(s3_server: s3.S3, versitygw_server: s3.S3, s3_storage: MinioStorage, key: str, start: int) -> None:
    """What the kernel moves are the object's bytes, and its connection is kept afterwards."""
    size = PART_SIZE + MIB
    written = s3_storage.write(key, Generated(size))
    reader = s3_storage.open(key, expected=written, start=start)
    # VersityGW ends its connections: nothing to splice from, so the bytes are copied into the pipe.
    assert reader.can_splice == (s3_server is not versitygw_server)
    assert hashlib.sha256(spliced(reader, SIZE)).digest() == hashlib.sha256(content(size - start, start)).digest()
    kept = list(s3_storage._client._pool._idle)
    assert drained(s3_storage.open(key, expected=written)) == (size, digest(size))
    assert s3_storage._client._pool._idle == kept


def test_splice_of_a_short_object(s3_storage: MinioStorage, key: str) -> None:
    """An object that came along with its answer's head is moved, too."""
    written = s3_storage.write(key, Generated(10))
    assert spliced(s3_storage.open(key, expected=written), SIZE) == content(10)
