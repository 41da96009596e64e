"""packages.delivery redirect: the service decides who may, the S3 sends."""

import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dev.parts.package_service import PackageService
from dev.parts.s3 import S3
from tests.integration.delivery.client import Answer, Client, Package, without_token


def followed(redirecting: Client, package: Package, **headers: str) -> Answer:
    """What the S3 answers where the service sends a client."""
    answer = redirecting.get(package.path, **headers)
    assert answer.status == 302
    client, target = without_token(answer.headers["Location"])
    return client.get(target, **headers)


def test_redirects_to_the_bytes(redirecting: Client, package: Package) -> None:
    """The S3 sends the package's bytes with its file name, however written, and its content type."""
    answer = followed(redirecting, package)
    assert (answer.status, answer.body) == (200, package.content)
    assert answer.headers["Content-Type"] == "application/gzip"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=")
    assert disposition.endswith("filename*=UTF-8''agent%20%22%C3%BC%22%20%E2%82%AC.tar.gz")


def test_redirects_by_id_too(redirecting: Client, package: Package) -> None:
    """Both download paths redirect."""
    assert redirecting.get(f"/api/v1/packages/{package.fields['id']}/download").status == 302


def test_address_is_public_and_ends(redirecting: Client, package: Package, minio_server: S3) -> None:
    """The URL is at minio.public_endpoint, good for 15 minutes at most, and no cache keeps it."""
    answer = redirecting.get(package.path)
    url = urlsplit(answer.headers["Location"])
    assert url.netloc == minio_server.endpoint.replace("127.0.0.1", "localhost")
    assert 0 < int(parse_qs(url.query)["X-Amz-Expires"][0]) <= 900
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "POST"])
def test_address_is_for_get_alone(redirecting: Client, package: Package, method: str) -> None:
    """Nobody can write, remove or probe with the URL that downloads."""
    client, target = without_token(redirecting.get(package.path).headers["Location"])
    assert client.ask(method, target, b"other bytes" if method == "PUT" else None).status in (400, 403)
    assert client.get(target).body == package.content


def test_range_is_the_s3s(redirecting: Client, package: Package) -> None:
    """A range request is redirected as any other, and the S3 answers it."""
    answer = followed(redirecting, package, Range="bytes=1000000-1000009")
    assert (answer.status, answer.body) == (206, package.content[1_000_000:1_000_010])
    assert answer.headers["Content-Range"] == f"bytes 1000000-1000009/{len(package.content)}"


def test_range_beyond_the_end_is_the_s3s(redirecting: Client, package: Package) -> None:
    """416 comes from the S3, not from the service."""
    assert followed(redirecting, package, Range="bytes=9000000-").status == 416


def test_other_conditions_are_the_s3s(redirecting: Client, package: Package) -> None:
    """Only If-None-Match with our own entity tag is decided before the redirect."""
    for header in ("If_Match", "If_Unmodified_Since", "If_Modified_Since", "If_Range"):
        value = '"another"' if header in ("If_Match", "If_Range") else "Thu, 01 Jan 2026 00:00:00 GMT"
        assert redirecting.get(package.path, **{header: value}).status == 302
    assert redirecting.get(package.path, If_None_Match='"another"').status == 302


def test_not_modified_by_our_tag(redirecting: Client, package: Package) -> None:
    """A client that has the bytes is told so without being sent anywhere."""
    answer = redirecting.get(package.path, If_None_Match=package.etag)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == package.etag


def test_head_is_the_services(redirecting: Client, package: Package) -> None:
    """HEAD tells size, name and digest without a redirect."""
    answer = redirecting.head(package.path, Range="bytes=0-9")
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(package.content))
    assert answer.headers["ETag"] == package.etag
    assert "Location" not in answer.headers


def test_head_conditions(redirecting: Client, package: Package) -> None:
    """HEAD keeps its own 304 and 412."""
    assert redirecting.head(package.path, If_None_Match=package.etag).status == 304
    assert redirecting.head(package.path, If_Match='"another"').status == 412


def test_no_token_no_address(redirect_service: PackageService, package: Package) -> None:
    """Without a token there is no URL to be had."""
    answer = Client(redirect_service.address, None).get(package.path)
    assert answer.is_problem(401)
    assert "Location" not in answer.headers


def test_nobody_chooses_to_be_streamed_to(redirecting: Client, package: Package) -> None:
    """The header by which nginx asks for the bytes themselves means nothing here."""
    assert redirecting.get(package.path, X_Delivery="stream").status == 302


def test_s3_refuses_a_bearer_header(redirecting: Client, package: Package) -> None:
    """A client that takes its Authorization header along is refused: why the start warns of shared hosts."""
    location = redirecting.get(package.path).headers["Location"]
    client, target = without_token(location)
    client.token = redirecting.token
    assert client.get(target).status == 400


def test_curl_resumes(redirecting: Client, package: Package, tmp_path: Path) -> None:
    """curl, with its token, follows to another host without it, and continues a file where it was cut."""
    file = tmp_path / "agent.tar.gz"
    file.write_bytes(package.content[:1_234_567])
    url = f"http://{redirecting.address}{package.path}"
    header = f"Authorization: Bearer {redirecting.token}"
    subprocess.run(["curl", "-fsSL", "-C", "-", "-H", header, "-o", file, url], check=True, timeout=30)
    assert file.read_bytes() == package.content
