"""packages.delivery accel: the service decides, nginx with deploy/nginx.conf fetches from the S3."""

import subprocess
from pathlib import Path

import pytest
from minio import Minio

from dev.parts.package_service import PackageService
from dev.parts.s3 import S3
from tests.databases import connected
from tests.integration.delivery.client import Client, Package
from tests.integration.delivery.conftest import BUCKET

HEADERS = (
    *("Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Length", "Content-Type"),
    *("ETag", "Last-Modified", "Repr-Digest", "X-Content-Type-Options", "Content-Security-Policy"),
)


def test_nginx_sends_the_bytes(through_nginx: Client, package: Package) -> None:
    """The whole file arrives, although the service itself sends none of it."""
    answer = through_nginx.get(package.path)
    assert (answer.status, answer.body) == (200, package.content)


def test_service_names_the_internal_address(accel_service: PackageService, admin_token: str, package: Package) -> None:
    """The service's own answer has no body and names nginx's location."""
    answer = Client(accel_service.address, admin_token).get(package.path)
    assert answer.body == b""
    assert answer.headers["X-Accel-Redirect"].startswith(f"/_s3/{BUCKET}/objects/")


def test_headers_are_the_services(through_nginx: Client, package: Package) -> None:
    """Every header of the contract is there once, and none of the S3's."""
    got, head = through_nginx.get(package.path).headers, through_nginx.head(package.path).headers
    assert {name: got.get_all(name) for name in HEADERS} == {name: head.get_all(name) for name in HEADERS}
    assert got["ETag"] == package.etag
    assert got.get_all("X-Request-ID")
    assert not [name for name in got if name.lower().startswith(("x-amz", "x-s3", "x-accel", "x-minio"))]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=1000000-1999999", 1_000_000, 1_999_999),
        ("bytes=-5", 3_000_012, 3_000_016),
        ("bytes=2999999-", 2_999_999, 3_000_016),
        ("bytes=0-99999999", 0, 3_000_016),
        ("bytes=-99999999", 0, 3_000_016),
    ],
)
def test_ranges(through_nginx: Client, package: Package, asked: str, first: int, last: int) -> None:
    """One range is one range of the S3's."""
    answer = through_nginx.get(package.path, Range=asked)
    assert (answer.status, answer.body) == (206, package.content[first : last + 1])
    assert answer.headers.get_all("Content-Range") == [f"bytes {first}-{last}/{len(package.content)}"]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-2", "lines=1-2", "bytes=x"])
def test_refused_ranges(through_nginx: Client, package: Package, asked: str) -> None:
    """What the service takes for no range, neither nginx nor the S3 takes for one."""
    answer = through_nginx.get(package.path, Range=asked)
    assert (answer.status, answer.body) == (200, package.content)
    assert "Content-Range" not in answer.headers


def test_range_beyond_the_end(through_nginx: Client, package: Package) -> None:
    """416 is the service's, as a problem that tells the size."""
    answer = through_nginx.get(package.path, Range="bytes=3000017-")
    assert answer.is_problem(416)
    assert answer.headers["Content-Range"] == f"bytes */{len(package.content)}"


def test_if_range(through_nginx: Client, package: Package) -> None:
    """A range of the same file is continued; of another one the whole is sent."""
    same = through_nginx.get(package.path, Range="bytes=9-", If_Range=package.etag)
    other = through_nginx.get(package.path, Range="bytes=9-", If_Range='"another"')
    assert (same.status, same.body) == (206, package.content[9:])
    assert (other.status, other.body) == (200, package.content)


def test_conditions_are_the_services(through_nginx: Client, package: Package) -> None:
    """304 and 412 come from the row; conditions that hold never reach the S3, whose tags are others."""
    modified = through_nginx.head(package.path).headers["Last-Modified"]
    assert through_nginx.get(package.path, If_None_Match=package.etag).status == 304
    assert through_nginx.get(package.path, If_Modified_Since=modified).status == 304
    assert through_nginx.get(package.path, If_Match='"another"').is_problem(412)
    assert through_nginx.get(package.path, If_Match=package.etag).body == package.content
    assert through_nginx.get(package.path, If_Unmodified_Since=modified).body == package.content
    assert through_nginx.get(package.path, If_None_Match='"another"').body == package.content


def test_head(through_nginx: Client, package: Package) -> None:
    """HEAD has the size of what GET would send."""
    answer = through_nginx.head(package.path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(package.content))


def test_internal_location_is_closed(through_nginx: Client) -> None:
    """No client reaches the S3 through nginx by itself."""
    answer = through_nginx.get(f"/_s3/{BUCKET}/objects/ab/x")
    assert answer.status == 404
    assert b"<Error>" not in answer.body


def test_curl_resumes(through_nginx: Client, package: Package, tmp_path: Path) -> None:
    """curl with an agent's token continues a file where it was cut."""
    file = tmp_path / "agent.tar.gz"
    file.write_bytes(package.content[:1_234_567])
    url, header = f"http://{through_nginx.address}{package.path}", f"Authorization: Bearer {through_nginx.token}"
    subprocess.run(["curl", "-fsS", "-C", "-", "-H", header, "-o", file, url], check=True, timeout=30)
    assert file.read_bytes() == package.content


def test_other_bytes_are_never_sent(through_nginx: Client, minio_server: S3, delivery_database: str) -> None:
    """An object that was overwritten behind the service is found out: 502, and the package is marked."""
    package = through_nginx.publish("changed.bin", b"x" * 100_000)
    s3 = Minio(minio_server.endpoint, minio_server.access_key, minio_server.secret_key, secure=False)
    key = package.fields["storage_path"].removeprefix(f"{BUCKET}/")
    s3.fput_object(BUCKET, key, __file__)
    assert through_nginx.get(package.path).is_problem(502)
    with connected(delivery_database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT damaged_at FROM packages WHERE id = %s", (package.fields["id"],))
        assert cursor.fetchone()[0] is not None  # type: ignore[index]
    connection.close()


def test_lost_object(through_nginx: Client, minio_server: S3) -> None:
    """An object that is gone is 502 in the service's form, not the S3's 404."""
    package = through_nginx.publish("lost.bin", b"x" * 100_000)
    s3 = Minio(minio_server.endpoint, minio_server.access_key, minio_server.secret_key, secure=False)
    s3.remove_object(BUCKET, package.fields["storage_path"].removeprefix(f"{BUCKET}/"))
    assert through_nginx.get(package.path).is_problem(502)


def test_restored_object_is_served(through_nginx: Client, minio_server: S3, delivery_database: str) -> None:
    """Where only the fingerprint differs, the service reads, compares and sends, and nginx sends the next time."""
    package = through_nginx.publish("restored.bin", b"y" * 100_000)
    with connected(delivery_database) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE packages SET fingerprint = 'another' WHERE id = %s", (package.fields["id"],))
    connection.close()
    assert through_nginx.get(package.path, Range="bytes=1-9").body == b"y" * 9
    assert through_nginx.get(package.path).body == package.content
