"""Signatures, compared with those of AWS's documentation and of minio's client."""

from datetime import UTC, datetime
from urllib.parse import SplitResult

import pytest
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from app.storage.s3.signer import Signer

ACCESS_KEY, SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_example_of_the_documentation() -> None:
    """ "Authenticating Requests: Using the Authorization Header", AWS's reference of the S3 API, GET Object."""
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": NOTHING,
        "x-amz-date": "20130524T000000Z",
    }
    assert Signer(ACCESS_KEY, SECRET_KEY, "us-east-1").authorization("GET", "/test.txt", "", headers) == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


@pytest.mark.parametrize("query", ["", "uploads=", "partNumber=12&uploadId=a%2Fb%3D", "list-type=2&prefix=none%2F"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_minio_signs_alike(method: str, query: str) -> None:
    """On two days with one signer, whose key is the day's."""
    signer = Signer(ACCESS_KEY, SECRET_KEY, "eu-west-1")
    for day in (1, 2):
        moment = datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC)
        headers = {
            "host": "127.0.0.1:9000",
            "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ"),
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
            "content-length": "17",
            "if-match": '"0123abc"',
        }
        theirs = sign_v4_s3(
            method=method,
            url=SplitResult("http", "127.0.0.1:9000", "/bucket/a%20key", query, ""),
            region="eu-west-1",
            headers=dict(headers),
            credentials=Credentials(ACCESS_KEY, SECRET_KEY),
            content_sha256="UNSIGNED-PAYLOAD",
            date=moment,
        )
        assert signer.authorization(method, "/bucket/a%20key", query, headers) == theirs["Authorization"]
