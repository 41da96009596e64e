"""When the bucket is made, and when it must not be."""

from collections.abc import Callable

import pytest

from app.errors import StorageUnavailable
from app.storage.s3.storage import MinioStorage
from dev.parts import s3
from tests.integration.storage.conftest import account, official_client
from tests.integration.storage.operations import OPERATIONS
from tests.integration.storage.sources import Generated


def test_an_absent_bucket_is_made_at_the_first_write(s3_server: s3.S3, bucket: str) -> None:
    """Nothing is asked by the constructor; the first write makes the bucket."""
    storage = MinioStorage(account(s3_server, bucket))
    with official_client(s3_server) as client:
        assert not client.bucket_exists(bucket)
        storage.write("k", Generated(10))
        assert client.bucket_exists(bucket)
    storage.close()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_a_bucket_that_is_gone(minio_server: s3.S3, bucket: str, operation: Callable[[MinioStorage], object]) -> None:
    """It is unavailable, never "not found", and is not made again: an empty one would hide the loss."""
    storage = MinioStorage(account(minio_server, bucket))
    storage.ping()
    with official_client(minio_server) as client:
        client.remove_bucket(bucket)
        with pytest.raises(StorageUnavailable):
            operation(storage)
        assert not client.bucket_exists(bucket)
    storage.close()


def test_a_bucket_is_not_made_for_a_service_with_packages(minio_server: s3.S3, bucket: str) -> None:
    """Where rows tell of objects, an absent bucket is a loss and not a beginning."""
    storage = MinioStorage(account(minio_server, bucket), may_create=lambda: False)
    with pytest.raises(StorageUnavailable):
        storage.write("k", Generated(10))
    with official_client(minio_server) as client:
        assert not client.bucket_exists(bucket)
    storage.close()
