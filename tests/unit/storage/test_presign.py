"""Presigned URLs, compared with those of minio-py's signer."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote

import pytest
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.signer import presign_v4

from app.storage.filesystem import FilesystemStorage
from app.storage.s3.account import S3Account
from app.storage.s3.storage import MinioStorage

KEY = "objects/ab/abcd"
DISPOSITION = 'attachment; filename="a \\"b\\".tar.gz"; filename*=UTF-8\'\'%C3%BC.tar.gz'
CONTENT_TYPE = 'application/x-tar; a="b c+d"'


def url_of(
    endpoint: str, host: str = "", *, use_ssl: bool = False, region: str = "", bucket: str = "packages"
) -> SplitResult:
    """What the storage at `endpoint` signs for clients that reach it at `host`."""
    storage = MinioStorage(S3Account(endpoint, "access", "secret", bucket, use_ssl=use_ssl, region=region))
    return storage.presigner(host).fetch_url(KEY, disposition=DISPOSITION, content_type=CONTENT_TYPE)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up a name or connecting fails, in this thread: a proxy of an earlier test may still have its own."""

    def refused(original: Callable[..., Any]) -> Callable[..., Any]:
        here = threading.get_ident()

        def call(*args: Any, **named: Any) -> Any:
            assert threading.get_ident() != here, "the network was asked"
            return original(*args, **named)

        return call

    monkeypatch.setattr(socket, "getaddrinfo", refused(socket.getaddrinfo))
    monkeypatch.setattr(socket.socket, "connect", refused(socket.socket.connect))


@pytest.mark.parametrize(
    ("endpoint", "use_ssl", "url"),
    [
        ("s3.example:9000", False, "http://s3.example:9000"),
        ("s3.example", False, "http://s3.example"),
        ("s3.example:80", False, "http://s3.example"),
        ("s3.example:443", False, "http://s3.example:443"),
        ("s3.example:443", True, "https://s3.example"),
        ("s3.example:80", True, "https://s3.example:80"),
        ("[::1]:9000", False, "http://[::1]:9000"),
    ],
)
def test_the_scheme_s_own_port_is_left_out(endpoint: str, url: str, *, use_ssl: bool) -> None:
    """As clients leave it out of the Host header, which is signed; any other stays."""
    signed = url_of(endpoint, use_ssl=use_ssl)
    assert f"{signed.scheme}://{signed.netloc}" == url


@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_it_is_what_minio_s_signer_makes(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path, headers of the answer, lifetime and signature; without asking the S3 for anything."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("minio.time.utcnow", lambda: moment)
    overrides = {"response-content-disposition": DISPOSITION, "response-content-type": CONTENT_TYPE}
    query = "&".join(f"{name}={quote(text, safe='-_.~')}" for name, text in overrides.items())
    expected = presign_v4(
        method="GET",
        url=SplitResult("http", "s3.example:9000", f"/packages/{KEY}", query, ""),
        region=region or "us-east-1",
        credentials=Credentials("access", "secret"),
        date=moment,
        expires=900,
    )
    signed = url_of("s3.example:9000", region=region)
    assert (signed.netloc, signed.path) == (expected.netloc, expected.path)
    assert sorted(parse_qsl(signed.query)) == sorted(parse_qsl(expected.query))


def test_clients_may_reach_it_elsewhere() -> None:
    """minio.public_endpoint is the URL's host, and what is signed."""
    assert url_of("10.0.0.1:9000", "files.example").netloc == "files.example"


@pytest.mark.parametrize("bucket", ["packages", "with.dots"])
def test_the_bucket_stands_in_the_path_on_aws(bucket: str) -> None:
    """nginx has one upstream, and no certificate covers a bucket with dots."""
    signed = url_of("s3.eu-west-1.amazonaws.com", use_ssl=True, region="eu-west-1", bucket=bucket)
    assert (signed.netloc, signed.path) == ("s3.eu-west-1.amazonaws.com", f"/{bucket}/{KEY}")


def test_minio_py_asks_without_a_region() -> None:
    """What the region is given for: the fixture sees the request that there would be otherwise."""
    client = Minio("s3.example:9000", "access", "secret", secure=False)
    with pytest.raises(AssertionError, match="network"):
        client.get_presigned_url("GET", "bucket", KEY, expires=timedelta(minutes=1))


def test_a_folder_signs_nothing() -> None:
    """It has not the ability."""
    assert FilesystemStorage("/nowhere").presigner() is None
