"""An S3 that is reached by TLS."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.storage.s3.multipart import PART_SIZE
from app.storage.s3.storage import MinioStorage
from dev.parts import s3
from tests.certificates import self_signed
from tests.integration.storage.conftest import account
from tests.integration.storage.servers import encrypted, serving
from tests.integration.storage.sources import MIB, Generated, content, digest, drained


@pytest.fixture
def secure(minio_server: s3.S3, tmp_path: Path) -> Iterator[s3.S3]:
    """The server behind TLS, with the certificate cert.pem of the test's folder."""
    with serving(encrypted(minio_server.endpoint, *self_signed(tmp_path))) as endpoint:
        yield dataclasses.replace(minio_server, endpoint=endpoint)


@pytest.fixture
def trusted(secure: s3.S3, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MinioStorage]:
    """A storage there, whose certificate is one of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    storage = _storage(secure, bucket)
    yield storage
    storage.close()


@pytest.mark.parametrize("size", [0, 1, 2 * MIB, 3 * PART_SIZE + 17])
def test_bytes_come_back(trusted: MinioStorage, size: int) -> None:
    """In one request and in parts, whole and in a range, over and over on the connections that are kept."""
    for key in ("a", "b"):
        written = trusted.write(key, Generated(size))
        assert trusted.stat(key) == written
        assert drained(trusted.open(key, expected=written)) == (size, digest(size))
        begun = trusted.open(key, expected=written, start=size // 2, length=100)
        assert begun.read(100) == content(min(100, size - size // 2), size // 2)
        begun.close()
        trusted.delete(key)


def test_kernel_cannot_move_the_bytes(trusted: MinioStorage) -> None:
    """What is in the socket is not what was stored: a download copies."""
    written = trusted.write("k", Generated(2 * MIB))
    reader = trusted.open("k", expected=written)
    assert not reader.can_splice  # type: ignore[attr-defined]  # an S3's has it
    reader.close()


def test_unknown_certificate_is_unavailable(secure: s3.S3, bucket: str) -> None:
    """Nothing is sent to a server that cannot prove who it is."""
    storage = _storage(secure, bucket)
    with pytest.raises(StorageUnavailable):
        storage.ping()
    storage.close()


def _storage(server: s3.S3, bucket: str) -> MinioStorage:
    return MinioStorage(dataclasses.replace(account(server, bucket), use_ssl=True))
