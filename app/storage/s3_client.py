"""Signed requests to one bucket of an S3."""

import hashlib
import http.client
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, quote

from minio.credentials.credentials import Credentials
from minio.signer import presign_v4, sign_v4_s3

from app.errors import StorageUnavailable
from app.storage.connections import Connection, ConnectionPool
from app.storage.patience import Patience
from app.storage.s3_errors import BucketExists, refusal

UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes of an XML answer; a page of 1,000 multipart uploads is below 1 MiB."""

FAILURES = (OSError, http.client.HTTPException)


class S3Answer:
    """Status and headers of an answer whose body is still to be read: by `document()`, or by `read` and `finish`."""

    def __init__(self, pool: ConnectionPool, connection: Connection, response: http.client.HTTPResponse) -> None:
        self._pool = pool
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = response.headers

    def wait_for_bytes(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the body."""
        self._connection.wait_for_bytes(seconds)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the body, fewer only at its end."""
        try:
            return self._response.read(size)
        except FAILURES as error:
            raise unavailable(error) from error

    def document(self) -> bytes:
        """All of a small body; the connection is kept."""
        document = self.read(LARGEST_DOCUMENT)
        self.finish()
        return document

    def finish(self) -> None:
        """Keep the connection if the body was read to its end, close it otherwise."""
        whole = self._response.isclosed() and not self._response.will_close
        self._response.close()
        if whole:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()

    @property
    def etag(self) -> str:
        """The ETag without its quotes."""
        return str(self.headers.get("ETag", "")).strip('"')


class S3Client:
    """Sends signed requests to `bucket` at `endpoint`. Safe for many threads; its repr shows no secret."""

    def __init__(
        self, endpoint: str, access_key: str, secret_key: str, bucket: str, *, use_ssl: bool, region: str
    ) -> None:
        self.bucket = bucket
        self.region = region or "us-east-1"
        self._scheme = "https" if use_ssl else "http"
        self._endpoint = endpoint
        self._credentials = Credentials(access_key, secret_key)
        self._pool = ConnectionPool(endpoint, use_ssl=use_ssl)

    def __repr__(self) -> str:
        return f"S3Client({self._scheme}://{self._endpoint}/{self.bucket})"

    def request(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | memoryview = b"",
        unsigned: bool = False,
        patience: Patience | None = None,
        fresh: bool = False,
    ) -> S3Answer:
        """Send a request and wait for the head of its answer; an answer of 300 and more is raised.

        Repeated once, on a new connection, if a kept connection turns out to be closed; never after a timeout.
        `fresh` starts with a new connection: for requests that must not be carried out twice.
        Raises ObjectNotFound, StorageFull, StorageUnavailable.
        """
        content_hash = UNSIGNED if unsigned else hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256
        url = self.url(key, query)
        sent = {**(headers or {}), "Content-Length": str(len(body))} if body or method in {"PUT", "POST"} else headers
        signed = self._signed(method, url, sent or {}, content_hash)
        target = url.path + ("?" + url.query if url.query else "")
        patience = patience or Patience()

        def send(connection: Connection) -> http.client.HTTPResponse:
            connection.send_head(method, target, signed, patience)
            return _answer_to(connection, memoryview(body), patience)

        return self._refuse_errors(self._carried_out(send, fresh=fresh))

    def url(self, key: str, query: Mapping[str, str] | None = None, endpoint: str = "") -> SplitResult:
        """The path-style URL of `key`, or of the bucket if it is empty."""
        path = f"/{self.bucket}/{quote(key, safe='/-_.~')}" if key else f"/{self.bucket}"
        pairs = (f"{quote(name, safe='-_.~')}={quote(text, safe='-_.~')}" for name, text in (query or {}).items())
        return SplitResult(self._scheme, endpoint or self._endpoint, path, "&".join(pairs), "")

    def make_bucket(self) -> None:
        """Make the bucket; it being there already, and ours, is success."""
        region = f"<LocationConstraint>{self.region}</LocationConstraint>"
        document = f"<CreateBucketConfiguration>{region}</CreateBucketConfiguration>"
        body = b"" if self.region == "us-east-1" else document.encode()
        try:
            self.request("PUT", body=body, fresh=True).document()
        except BucketExists:
            return

    def presigned_get(self, url: SplitResult, expires_seconds: int) -> str:
        """`url` with a signature that lets anyone GET it for `expires_seconds`."""
        return presign_v4(
            method="GET",
            url=url,
            region=self.region,
            credentials=self._credentials,
            date=datetime.now(UTC),
            expires=int(timedelta(seconds=expires_seconds).total_seconds()),
        ).geturl()

    def _signed(self, method: str, url: SplitResult, headers: Mapping[str, str], content_hash: str) -> dict[str, str]:
        now = datetime.now(UTC)
        all_headers: dict[str, str | list[str] | tuple[str]] = {
            "Host": url.netloc,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            "x-amz-content-sha256": content_hash,
            **headers,
        }
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self.region,
            headers=all_headers,
            credentials=self._credentials,
            content_sha256=content_hash,
            date=now,
        )
        return {name: str(content) for name, content in signed.items()}

    def _carried_out(self, send: Callable[[Connection], http.client.HTTPResponse], *, fresh: bool) -> S3Answer:
        while True:
            connection = self._pool.take(fresh=fresh)
            try:
                return S3Answer(self._pool, connection, send(connection))
            except FAILURES as error:
                connection.close()
                if not connection.kept or isinstance(error, TimeoutError):
                    raise unavailable(error) from error
                fresh = True
            except BaseException:
                connection.close()
                raise

    @staticmethod
    def _refuse_errors(answer: S3Answer) -> S3Answer:
        if answer.status < 300:
            return answer
        raise refusal(answer.status, answer.document())


def unavailable(error: BaseException) -> StorageUnavailable:
    """What a failure on the way to the storage means to a client."""
    if isinstance(error, TimeoutError):
        return StorageUnavailable("The storage does not answer in time. Try again.")
    return StorageUnavailable("The connection to the storage failed. Try again.")


def _answer_to(connection: Connection, body: memoryview, patience: Patience) -> http.client.HTTPResponse:
    try:
        connection.send_body(body, patience)
    except (BrokenPipeError, ConnectionResetError):
        # A refusal that was sent before the body was read to its end tells more than the broken pipe.
        return connection.answer(patience)
    return connection.answer(patience)
