"""A MinIO that says that it has lost its write quorum, which answers all the same."""

import socket

import pytest

from app.errors import StorageUnavailable
from app.storage.s3.account import S3Account
from app.storage.s3.client import CLUSTER_HEALTH
from app.storage.s3.storage import MinioStorage
from dev.parts.s3 import S3
from tests.integration.storage.servers import Behaviour, serving
from tests.integration.storage.test_s3 import account

LISTED = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
QUORUM = b"X-Minio-Write-Quorum: 3\r\n"

UNWELL = {
    "too few nodes": b"HTTP/1.1 503 X\r\n" + QUORUM,
    "a node that starts": b"HTTP/1.1 503 X\r\nX-Minio-Server-Status: offline\r\n",
}
WELL = {
    "all nodes": b"HTTP/1.1 200 X\r\n" + QUORUM,
    "another S3, which knows no such path": b"HTTP/1.1 404 X\r\n",
    "another S3, which refuses it": b"HTTP/1.1 403 X\r\n",
    "a load balancer that keeps it for itself": b"HTTP/1.1 503 X\r\n",
}


def answering_health(health: bytes, asked: list[bytes]) -> Behaviour:
    """An S3 whose bucket is there, and which tells `health` where MinIO does; `asked` are the first lines."""

    def behave(connection: socket.socket) -> None:
        while head := connection.recv(65536):
            asked.append(head.partition(b"\r\n")[0])
            status, body = (b"HTTP/1.1 200 X\r\n", LISTED)
            if CLUSTER_HEALTH.encode() in asked[-1]:
                status, body = health, b""
            connection.sendall(status + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return behave


def pinged(health: bytes, asked: list[bytes], times: int = 1) -> None:
    """Ping such a storage."""
    with serving(answering_health(health, asked)) as endpoint:
        storage = MinioStorage(S3Account(endpoint, "access", "secret", "bucket"))
        try:
            for _ in range(times):
                storage.ping()
        finally:
            storage.close()


@pytest.mark.parametrize("name", UNWELL)
def test_without_write_quorum(name: str) -> None:
    """It cannot be expected to work."""
    with pytest.raises(StorageUnavailable, match="cannot write"):
        pinged(UNWELL[name], [])


@pytest.mark.parametrize("name", WELL)
def test_with_it(name: str) -> None:
    """Only what MinIO says of itself counts."""
    pinged(WELL[name], [])


def test_another_s3_is_asked_once() -> None:
    """Its answer to what it does not know stays the same."""
    asked: list[bytes] = []
    pinged(WELL["another S3, which refuses it"], asked, times=3)
    assert sum(CLUSTER_HEALTH.encode() in line for line in asked) == 1


def test_a_real_minio_has_it(minio_server: S3, bucket: str) -> None:
    """It tells, so that its silence would be noticed."""
    storage = MinioStorage(account(minio_server, bucket))
    storage.ping()
    assert storage._client._is_minio
    storage.close()
