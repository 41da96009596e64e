"""Presigned S3 URLs (SigV4 in the query): an object can be fetched under them for a while, without keys."""

from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from minio import Minio

from app.storage.s3.account import S3Account

LIFETIME = timedelta(minutes=15)
"""How long a URL is good for, at most 15 minutes by contract. The fetch has to begin before its end."""


class S3Presigner:
    """Signs for the account's bucket as it is reached at `endpoint` (host or host:port). Asks the S3 nothing."""

    def __init__(self, account: S3Account, endpoint: str) -> None:
        self._bucket = account.bucket
        self._client = Minio(
            endpoint,
            account.access_key,
            account.secret_key,
            secure=account.use_ssl,
            region=account.signing_region,  # else it would ask the S3 for the bucket's
        )
        # The bucket in the path on AWS too: nginx has one upstream, and a bucket with dots no certificate.
        self._client.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # minio-py's own has no types

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """See `Presigner.fetch_url`. The scheme's own port is left out, as clients do in the signed Host header."""
        headers = {"response-content-disposition": disposition, "response-content-type": content_type}
        url = self._client.get_presigned_url("GET", self._bucket, key, expires=LIFETIME, response_headers=dict(headers))
        return urlsplit(url)
