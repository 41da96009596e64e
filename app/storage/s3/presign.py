"""Presigned URLs: addresses under which an object can be fetched for a while without keys."""

from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import SplitResult, quote

from minio.credentials.credentials import Credentials
from minio.signer import presign_v4

from app.config.sections import MinioSection

LIFETIME = 900
"""Seconds that a URL is good for: at most 15 minutes by contract. The fetch has to begin before its end."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Presigner(Protocol):
    """What makes presigned URLs. An S3 has one, a folder has none."""

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """A URL to GET the object with, answered with these two headers; there is none to write with."""


class S3Presigner:
    """Signs for one bucket as it is reached at `endpoint` (host or host:port). Asks the S3 nothing."""

    def __init__(self, endpoint: str, config: MinioSection) -> None:
        self._scheme = "https" if config.use_ssl else "http"
        # Clients leave the scheme's own port out of the Host header, which the signature is over.
        self._host = endpoint.removesuffix(DEFAULT_PORTS[self._scheme])
        self._bucket = config.bucket
        self._region = config.region or "us-east-1"
        self._credentials = Credentials(config.access_key.get_secret_value(), config.secret_key.get_secret_value())

    def __repr__(self) -> str:
        return f"S3Presigner({self._scheme}://{self._host}/{self._bucket})"

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """See `Presigner.fetch_url`."""
        overrides = {"response-content-disposition": disposition, "response-content-type": content_type}
        query = "&".join(f"{name}={quote(text, safe='-_.~')}" for name, text in overrides.items())
        path = f"/{self._bucket}/{quote(key, safe='/-_.~')}"
        return presign_v4(
            method="GET",
            url=SplitResult(self._scheme, self._host, path, query, ""),
            region=self._region,
            credentials=self._credentials,
            date=datetime.now(UTC),
            expires=LIFETIME,
        )
