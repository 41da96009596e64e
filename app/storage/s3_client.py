"""Signed requests to one bucket of an S3."""

import hashlib
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from app.breaker import Breaker
from app.errors import StorageUnavailable
from app.storage.connections import FAILURES, Connection, ConnectionPool
from app.storage.s3_answer import S3Answer
from app.storage.s3_errors import BucketExists, refusal, unavailable
from app.storage.s3_request import Body, S3Request

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class S3Account:
    """Where a bucket is and who asks. `endpoint` is host or host:port; the secret is not in its repr."""

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    use_ssl: bool = False
    region: str = ""


class S3Client:
    """Sends signed requests to the bucket of `account`. Safe for many threads."""

    def __init__(self, account: S3Account) -> None:
        self.bucket = account.bucket
        self._region = account.region or "us-east-1"
        self._origin = SplitResult("https" if account.use_ssl else "http", account.endpoint, "", "", "")
        self._credentials = Credentials(account.access_key, account.secret_key)
        self._pool = ConnectionPool(account.endpoint, use_ssl=account.use_ssl)
        self._breaker = Breaker(StorageUnavailable)

    def __repr__(self) -> str:
        return f"S3Client({self._origin.geturl()}/{self.bucket})"

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def send(self, request: S3Request) -> S3Answer:
        """Send a request and wait for the head of its answer; an answer of 300 and more is raised.

        Repeated at most once, see S3Request, and never after a timeout.
        Raises ObjectNotFound, ObjectChanged, StorageFull, StorageUnavailable.
        """
        self._breaker.check()
        try:
            answer = self._carried_out(request, *self._signed(request))
        except StorageUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                self._breaker.fell_silent()
            raise
        self._breaker.answered()
        if answer.status < 300:
            return answer
        raise refusal(answer.status, answer.document())

    def make_bucket(self) -> None:
        """Make the bucket; it being there already, and ours, is success."""
        region = f"<LocationConstraint>{self._region}</LocationConstraint>"
        document = f"<CreateBucketConfiguration>{region}</CreateBucketConfiguration>"
        body = Body(b"" if self._region == "us-east-1" else document.encode())
        try:
            self.send(S3Request("PUT", body=body, fresh=True)).document()
        except BucketExists:
            return

    def _url(self, key: str, query: Mapping[str, str]) -> SplitResult:
        path = f"/{self.bucket}/{quote(key, safe='/-_.~')}" if key else f"/{self.bucket}"
        pairs = (f"{quote(name, safe='-_.~')}={quote(text, safe='-_.~')}" for name, text in query.items())
        return self._origin._replace(path=path, query="&".join(pairs))

    def _signed(self, request: S3Request) -> tuple[str, dict[str, str]]:
        """The request's target, and its headers with the signature."""
        url, now, body = self._url(request.key, request.query), datetime.now(UTC), request.body
        content_hash = body.content_hash if body else EMPTY_SHA256
        headers: dict[str, str | list[str] | tuple[str]] = {
            "Host": url.netloc,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            "x-amz-content-sha256": content_hash,
            **request.headers,
            **(body.headers if body else {}),
        }
        signed = sign_v4_s3(
            method=request.method,
            url=url,
            region=self._region,
            headers=headers,
            credentials=self._credentials,
            content_sha256=content_hash,
            date=now,
        )
        target = f"{url.path}?{url.query}" if url.query else url.path
        return target, {name: str(content) for name, content in signed.items()}

    def _carried_out(self, request: S3Request, target: str, headers: dict[str, str]) -> S3Answer:
        connection = self._pool.take(fresh=request.fresh)
        try:
            return S3Answer(self._pool, connection, _exchange(connection, request, target, headers))
        except FAILURES as error:
            connection.close()
            if not connection.kept or isinstance(error, TimeoutError):
                raise unavailable(error) from error
        except BaseException:
            connection.close()
            raise
        connection = self._pool.take(fresh=True)
        try:
            return S3Answer(self._pool, connection, _exchange(connection, request, target, headers))
        except FAILURES as error:
            connection.close()
            raise unavailable(error) from error


def _exchange(
    connection: Connection, request: S3Request, target: str, headers: dict[str, str]
) -> http.client.HTTPResponse:
    patience = request.patience
    connection.send_head(request.method, target, headers, patience)
    try:
        if request.body:
            connection.send_body(request.body.content, patience)
    except (BrokenPipeError, ConnectionResetError):
        # A refusal that was sent before the body was read to its end tells more than the broken pipe.
        return connection.answer(patience)
    return connection.answer(patience)
