"""Each backend on its real server, and a look at what is in it that goes past the code under test."""

import contextlib
import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from minio import Minio

from app.storage.filesystem import MARKER, FilesystemStorage
from app.storage.interface import Storage
from app.storage.s3.account import S3Account
from app.storage.s3.storage import MinioStorage
from dev.parts import s3


@dataclass
class Backend:
    """A storage, and what else is known of it."""

    storage: Storage
    keys: Callable[[], set[str]]
    """The keys of all objects, and the names of all temporary files."""
    overwrite: Callable[[str, bytes], None]
    """Change an object behind the service's back."""


def account(server: s3.S3, bucket: str) -> S3Account:
    """The account of a bucket of this server."""
    return S3Account(server.endpoint, server.access_key, server.secret_key, bucket, region=server.region)


@contextlib.contextmanager
def official_client(server: s3.S3) -> Iterator[Minio]:
    """MinIO's own client, as the second opinion."""
    pool = urllib3.PoolManager()
    keys = {"access_key": server.access_key, "secret_key": server.secret_key}
    yield Minio(server.endpoint, **keys, secure=False, region="us-east-1", http_client=pool)
    pool.clear()


@pytest.fixture
def bucket() -> str:
    """The name of a bucket that nobody has used."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def key() -> str:
    """A key as the ledger makes them."""
    return f"objects/ab/{uuid.uuid4().hex}"


@pytest.fixture(params=["minio", "versitygw", "folder"])
def backend(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> Iterator[Backend]:
    """Every backend in turn, empty."""
    if request.param == "folder":
        yield _opened(_folder(tmp_path / "objects"))
        return
    server = request.getfixturevalue(f"{request.param}_server")
    with official_client(server) as client:
        made = _opened(_bucket(MinioStorage(account(server, bucket)), client))
        yield made
        made.storage.close()


@pytest.fixture
def storage(backend: Backend) -> Storage:
    """The storage of `backend`."""
    return backend.storage


@pytest.fixture(params=["minio", "versitygw"])
def s3_server(request: pytest.FixtureRequest) -> s3.S3:
    """Both S3 servers in turn."""
    server: s3.S3 = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture
def s3_storage(s3_server: s3.S3, bucket: str) -> Iterator[MinioStorage]:
    """A storage in a bucket of its own."""
    storage = MinioStorage(account(s3_server, bucket))
    storage.ping()
    yield storage
    storage.close()


def _opened(backend: Backend) -> Backend:
    backend.storage.ping()
    return backend


def _bucket(storage: MinioStorage, client: Minio) -> Backend:
    bucket = storage.location

    def keys() -> set[str]:
        return {str(entry.object_name) for entry in client.list_objects(bucket, recursive=True)}

    def overwrite(key: str, new: bytes) -> None:
        client.put_object(bucket, key, io.BytesIO(new), len(new))

    return Backend(storage, keys, overwrite)


def _folder(root: Path) -> Backend:
    def keys() -> set[str]:
        files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        return files - {MARKER}

    def overwrite(key: str, new: bytes) -> None:
        (root / key).write_bytes(new)

    return Backend(FilesystemStorage(root), keys, overwrite)
