"""S3 client: signed HTTP requests to one bucket, with a circuit breaker and at most one retry."""

import contextlib
import hashlib
import time
from urllib.parse import quote

from app.breaker import Breaker
from app.errors import ServiceError, StorageUnavailable
from app.storage.s3.account import S3Account
from app.storage.s3.connection import Connection
from app.storage.s3.connection_pool import ConnectionPool
from app.storage.s3.deadline import CLEANUP_TIMEOUT, ProgressDeadline
from app.storage.s3.errors import BucketExists, foreign_response, refusal, unavailable
from app.storage.s3.request import Body, S3Request
from app.storage.s3.response import S3Response
from app.storage.s3.response_head import ResponseHead, receive_head
from app.storage.s3.signer import Signer

NOTHING = memoryview(b"")
CLUSTER_HEALTH = "/minio/health/cluster"
MINIO_SAYS = frozenset({"x-minio-write-quorum", "x-minio-server-status"})
"""Headers of its answers there; nobody needs rights for it."""

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class S3Client:
    """Sends signed requests to the bucket of `account`. Safe for many threads."""

    def __init__(self, account: S3Account) -> None:
        self.bucket = account.bucket
        self._region = account.signing_region
        self._endpoint = account.endpoint
        self._signer = Signer(account.access_key, account.secret_key, self._region)
        self._pool = ConnectionPool(account.endpoint, use_ssl=account.use_ssl)
        self._breaker = Breaker(StorageUnavailable)
        self._is_minio: bool | None = None
        """None until it has told."""

    def __repr__(self) -> str:
        return f"S3Client({self._endpoint}/{self.bucket})"

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def send(self, request: S3Request) -> S3Response:
        """Send a request and wait for the head of its response; a status of 300 and more is raised.

        Repeated at most once, see S3Request, and never after a timeout.
        Raises ObjectNotFound, ObjectChanged, StorageFull, StorageUnavailable.
        """
        self._breaker.check()
        try:
            response = self._exchange(request, self._signed(request))
        except StorageUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                self._breaker.fell_silent()
            raise
        self._breaker.answered()
        if response.status < 300:
            return response
        raise refusal(request, response.status, response.document())

    def is_alive(self) -> bool:
        """Whether the storage answers another question at once, while it works on a long one."""
        try:
            self.send(S3Request("HEAD", deadline=ProgressDeadline(CLEANUP_TIMEOUT), fresh=True)).document()
        except ServiceError:
            return False
        return True

    def lacks_quorum(self) -> bool:
        """Whether a MinIO says that too few of its drives are there to write; a silent or another S3 says nothing.

        Without write quorum it goes on answering, and may say "no such key" of what is there.
        """
        if self._is_minio is False:
            return False
        request = S3Request("GET", deadline=ProgressDeadline(CLEANUP_TIMEOUT))
        head = f"GET {CLUSTER_HEALTH} HTTP/1.1\r\nhost: {self._endpoint}\r\n\r\n"
        try:
            response = self._exchange(request, head.encode("latin-1"))
            response.document()
        except StorageUnavailable:
            return False
        self._is_minio = not MINIO_SAYS.isdisjoint(response.headers)
        return self._is_minio and response.status == 503

    def delete(self, request: S3Request) -> None:
        """Send a DELETE. Raises as `send` does, and StorageUnavailable for a success that is not an S3's."""
        response = self.send(request)
        response.document()
        if response.status != 204 and "x-amz-request-id" not in response.headers:
            raise foreign_response()

    def make_bucket(self) -> None:
        """Make the bucket; it being there already, and ours, is success."""
        region = f"<LocationConstraint>{self._region}</LocationConstraint>"
        document = f"<CreateBucketConfiguration>{region}</CreateBucketConfiguration>"
        body = Body(b"" if self._region == "us-east-1" else document.encode())
        try:
            self.send(S3Request("PUT", body=body, fresh=True)).document()
        except BucketExists:
            return

    def _signed(self, request: S3Request) -> bytes:
        """The request's head."""
        path = f"/{self.bucket}/{quote(request.key, safe='/-_.~')}" if request.key else f"/{self.bucket}"
        pairs = (f"{name}={quote(text, safe='-_.~')}" for name, text in sorted(request.query.items()))
        query = "&".join(pairs)
        body = request.body
        headers = {
            "host": self._endpoint,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "x-amz-content-sha256": body.content_hash if body else EMPTY_SHA256,
            **request.headers,
            **(body.headers if body else {}),
        }
        headers["authorization"] = self._signer.authorization(request.method, path, query, headers)
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        if len(lines.splitlines()) != len(headers):
            raise ValueError("A header of a request to the storage has a line end.")
        return f"{request.method} {path}{'?' * bool(query)}{query} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")

    def _exchange(self, request: S3Request, head: bytes) -> S3Response:
        connection = self._pool.take(fresh=request.fresh)
        try:
            return self._exchange_on(connection, request, head)
        except OSError as error:
            if not connection.kept or isinstance(error, TimeoutError):
                raise unavailable(error) from error
        try:
            return self._exchange_on(self._pool.take(fresh=True), request, head)
        except OSError as error:
            raise unavailable(error) from error

    def _exchange_on(self, connection: Connection, request: S3Request, head: bytes) -> S3Response:
        """Send the request and wait for the response's head. Whatever it raises, the connection is closed."""
        try:
            return S3Response(self._pool, connection, _response_head(connection, request, head), request.method)
        except BaseException:
            connection.close()
            raise


def _response_head(connection: Connection, request: S3Request, head: bytes) -> ResponseHead:
    try:
        connection.send(head, request.body.content if request.body else NOTHING, request.deadline)
    except (BrokenPipeError, ConnectionResetError):
        # A refusal that was sent before the body was read to its end tells more than the broken pipe.
        return receive_head(connection, request.deadline)
    if request.outlives:
        with contextlib.suppress(OSError):  # what has come of an answer, or none, tells more
            connection.send_late_lines()
    return receive_head(connection, request.deadline)
