"""A dead or refusing S3, produced for real: an answer in time, the right error, and back to work afterwards."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ObjectNotFound, StorageFull, StorageUnavailable
from app.storage.s3.account import S3Account
from app.storage.s3.multipart import PART_SIZE
from app.storage.s3.storage import MinioStorage
from dev.parts import processes, s3
from tests.integration.storage.conftest import account
from tests.integration.storage.operations import OPERATIONS
from tests.integration.storage.servers import answering, cutting, serving, stalling, swallow
from tests.integration.storage.sources import MIB, Generated, digest, drained

IN_TIME = 2.0
"""Seconds that the contract gives."""

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


@contextlib.contextmanager
def in_time(seconds: float = IN_TIME) -> Iterator[None]:
    """Fail if the block takes longer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@pytest.fixture(scope="module")
def own_minio(services_folder: Path) -> Iterator[s3.S3]:
    """A MinIO that these tests may freeze."""
    with s3.minio(services_folder / "minio-to-freeze") as server:
        yield server


@pytest.fixture
def frozen(own_minio: s3.S3, bucket: str) -> Iterator[tuple[MinioStorage, Callable[[], None]]]:
    """A storage, and a function that freezes its MinIO until the test ends."""
    storage = MinioStorage(account(own_minio, bucket))
    storage.ping()
    yield storage, lambda: freeze(own_minio)
    own_minio.process.send_signal(signal.SIGCONT)
    storage.close()


def freeze(server: s3.S3) -> None:
    """Stop all threads of the server, and wait until they stand."""
    server.process.send_signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{server.process.pid}/task")
    processes.wait_until(
        lambda: all(_state(task) == "T" for task in tasks.iterdir()), "the frozen server to stand still"
    )


def storage_at(endpoint: str, bucket: str = "bucket") -> MinioStorage:
    """A storage at an address that may be anything."""
    return MinioStorage(S3Account(endpoint, "access", "the-secret-key", bucket))


@every_operation
def test_frozen(frozen: tuple[MinioStorage, Callable[[], None]], operation: Callable[[MinioStorage], object]) -> None:
    """A server that takes connections and stands still is given up in time."""
    storage, stop = frozen
    stop()
    with in_time(), pytest.raises(StorageUnavailable):
        operation(storage)


def test_frozen_in_the_middle_of_an_upload(frozen: tuple[MinioStorage, Callable[[], None]]) -> None:
    """A server that stops reading is given up in time, counted from when it stopped."""
    storage, stop = frozen
    stopped: list[float] = []

    def stop_and_note() -> None:
        stop()
        stopped.append(time.monotonic())

    with pytest.raises(StorageUnavailable):
        storage.write("k", Generated(100 * PART_SIZE, at_byte={4 * PART_SIZE: stop_and_note}))
    assert time.monotonic() - stopped[0] < IN_TIME + 0.2


def test_back_after_a_freeze(own_minio: s3.S3, bucket: str) -> None:
    """When the server goes on, so does the same storage, at once."""
    storage = MinioStorage(account(own_minio, bucket))
    storage.ping()
    freeze(own_minio)
    with pytest.raises(StorageUnavailable):
        storage.ping()
    own_minio.process.send_signal(signal.SIGCONT)
    processes.wait_until(lambda: _works(storage), "the storage", seconds=5)
    storage.close()


@every_operation
def test_refused(operation: Callable[[MinioStorage], object]) -> None:
    """Nobody listens: told at once."""
    with in_time(1), pytest.raises(StorageUnavailable):
        operation(storage_at(f"127.0.0.1:{processes.free_port()}"))


@every_operation
def test_swallowed(operation: Callable[[MinioStorage], object]) -> None:
    """A server that takes every byte and answers none is given up in time."""
    with serving(swallow) as endpoint:
        storage = storage_at(endpoint)
        with in_time(), pytest.raises(StorageUnavailable):
            operation(storage)
        storage.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalError"),
        (503, "SlowDown"),
        (403, "AccessDenied"),
        (404, "NoSuchBucket"),
        (404, ""),
        (301, "Moved"),
    ],
)
@every_operation
def test_a_refusal_is_unavailable(operation: Callable[[MinioStorage], object], status: int, code: str) -> None:
    """Whatever an S3 refuses with is transient, never "not found"; its words and our secret are not shown."""
    with serving(answering(status, code)) as endpoint:
        storage = storage_at(endpoint)
        with in_time(), pytest.raises(StorageUnavailable) as caught:
            operation(storage)
        assert "host names" not in caught.value.detail
        assert "the-secret-key" not in caught.value.detail + repr(storage)
        storage.close()


@pytest.mark.parametrize("code", ["XMinioStorageFull", "QuotaExceeded"])
def test_a_full_storage_is_told(code: str) -> None:
    """Full is not unavailable: trying again does not help."""
    with serving(answering(507, code)) as endpoint:
        storage = storage_at(endpoint)
        with pytest.raises(StorageFull):
            storage.write("k", Generated(10))
        storage.close()


def test_an_answer_cut_half_way_is_told(minio_server: s3.S3, bucket: str) -> None:
    """A body that ends early raises: it must never look whole."""
    direct = MinioStorage(account(minio_server, bucket))
    written = direct.write("k", Generated(4 * MIB))
    with serving(cutting(minio_server.endpoint, after=2 * MIB)) as endpoint:
        storage = MinioStorage(S3Account(endpoint, minio_server.access_key, minio_server.secret_key, bucket))
        reader = storage.open("k", expected=written)
        with pytest.raises(StorageUnavailable):
            drained(reader)
        reader.close()
        storage.close()
    direct.close()


def test_an_answer_that_stalls_half_way_is_told(
    minio_server: s3.S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage that stands still in the middle of a download is given up."""
    monkeypatch.setattr("app.storage.s3.reader.READ_TIMEOUT", 0.5)
    direct, go_on = MinioStorage(account(minio_server, bucket)), threading.Event()
    written = direct.write("k", Generated(4 * MIB))
    with serving(stalling(minio_server.endpoint, after=2 * MIB, until=go_on)) as endpoint:
        storage = MinioStorage(S3Account(endpoint, minio_server.access_key, minio_server.secret_key, bucket))
        reader = storage.open("k", expected=written)
        with in_time(), pytest.raises(StorageUnavailable):
            drained(reader)
        reader.close()
        go_on.set()
        storage.close()
    direct.close()


def test_a_kept_connection_that_was_closed_is_replaced(services_folder: Path, bucket: str) -> None:
    """A server that was started anew is used at once, with no error in between."""
    folder, port = services_folder / "minio-started-twice", processes.free_port()
    with s3.minio(folder, port=port) as server:
        storage = MinioStorage(account(server, bucket))
        written = storage.write("k", Generated(MIB))
    with s3.minio(folder, port=port):
        assert drained(storage.open("k", expected=written)) == (MIB, digest(MIB))
        with pytest.raises(ObjectNotFound):
            storage.stat("another")
    storage.close()


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def _works(storage: MinioStorage) -> bool:
    try:
        storage.ping()
    except StorageUnavailable:
        return False
    return True
