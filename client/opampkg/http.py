"""HTTP client: one request and its answer, over kept connections, through proxies, with TLS that is always verified."""

from __future__ import annotations

import http.client
import json
import os
import select
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable
from urllib.parse import SplitResult, urlsplit

from opampkg import errors, proxies
from opampkg.version import VERSION

BLOCK = 1 << 18
"""Bytes of a file that are read and sent at once."""

SILENCE = 60.0
"""Seconds without a byte after which a connection is given up."""

LONGEST_ANSWER = 64 << 20


@dataclass(frozen=True)
class FilePiece:
    """The bytes `start` to `end` of a file as a body. `on_sent` is told how many of them are on their way."""

    path: str
    start: int
    end: int
    on_sent: Callable[[int], None] = lambda _: None

    def __len__(self) -> int:
        return self.end - self.start

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in blocks. Raises Refused if the file is shorter by now."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            sent = 0
            while sent < len(self):
                block = file.read(min(BLOCK, len(self) - sent))
                if not block:
                    raise errors.Refused(f"{self.path} became shorter while it was sent.")
                yield block
                sent += len(block)
                self.on_sent(sent)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The document. Raises OpampkgError if it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise errors.OpampkgError("The answer is no JSON: is this the package service's URL?") from error


class Stream:
    """An answer whose body is read in blocks; to be closed."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = response.headers

    def blocks(self) -> Iterator[bytes]:
        """The body. Raises Unreachable if the connection ends before it."""
        try:
            while True:
                block = self._response.read(BLOCK)
                if not block:
                    break
                yield block
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(error) from error
        if self._response.length:
            raise errors.Unreachable("The connection ended before the file did.")

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._connection.close()


class Token:
    """A bearer token that shows in no repr and so in no traceback."""

    def __init__(self, text: str) -> None:
        """Raises NotAllowed if it cannot be one; http.client's own refusal would print it."""
        self._text = text.strip()
        if not self._text or not all("!" <= character <= "~" for character in self._text):
            raise errors.NotAllowed("The token is empty or has characters that no token has.")

    def __repr__(self) -> str:
        return "<token>"

    def header(self) -> str:
        """The Authorization header."""
        return f"Bearer {self._text}"

    def text(self) -> str:
        """The token, for the place where it is kept."""
        return self._text


class Http:
    """Requests to one server. Safe for threads. `server`: its URL, with the prefix it may have."""

    def __init__(
        self, server: str, token: Token | None, *, ca_file: str | None, client_cert: str | None, timeout: float
    ) -> None:
        self.url = checked(server)
        self.token = token
        self.prefix = self.url.path.rstrip("/")
        self.silence = min(SILENCE, timeout)
        self._ca_file, self._client_cert = ca_file, client_cert
        self._tls: ssl.SSLContext | None = None
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def request(self, method: str, path: str, headers: Mapping[str, str], body: Any = b"") -> Answer:
        """One request below the server's URL, tried once. Raises OpampkgError for anything but 2xx and 304."""
        while True:
            connection, kept = self._connection()
            try:
                response, whole = self._exchange(connection, self.url, method, self.prefix + path, headers, body)
                content = response.read(LONGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept:  # the server may end a kept connection at any time
                    continue
                raise unreachable(error) from error
            except BaseException:
                connection.close()
                raise
            self._give_back(connection, response, is_whole=whole)
            answer = Answer(response.status, response.headers, content)
            refuse(answer, response.reason)
            return answer

    def stream(self, url: SplitResult, headers: Mapping[str, str]) -> Stream:
        """A GET of `url`, which may be another server's: that one sees no token. Refuses nothing but by raising."""
        connection = self._connect(url)
        try:
            response, _ = self._exchange(connection, url, "GET", target(url), headers, b"")
            if response.status >= 400:
                refuse(Answer(response.status, response.headers, response.read(LONGEST_ANSWER)), response.reason)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise unreachable(error) from error
        except BaseException:
            connection.close()
            raise
        return Stream(connection, response)

    def is_own(self, url: SplitResult) -> bool:
        """Whether a URL is of this server's origin (RFC 6454)."""
        return origin(url) == origin(self.url)

    def close(self) -> None:
        """End the kept connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(  # noqa: PLR0917 - what a request is
        self,
        connection: http.client.HTTPConnection,
        url: SplitResult,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[http.client.HTTPResponse, bool]:
        """The response's head, and whether all of the body was sent."""
        proxy = proxies.proxy_of(url)
        connection.putrequest(method, proxies.request_target(url, path, proxy), skip_accept_encoding=True)
        sent = {"Accept": "application/json, */*", "User-Agent": f"opampkg/{VERSION}", **headers}
        if self.token is not None and self.is_own(url):
            sent["Authorization"] = self.token.header()
        if len(body) or method in ("PUT", "POST", "PATCH"):
            sent["Content-Length"] = str(len(body))
        for name, value in {**sent, **proxies.request_headers(url, proxy)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        whole = _send(connection, body)
        return connection.getresponse(), whole

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._connect(self.url), False

    def _give_back(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse, *, is_whole: bool
    ) -> None:
        if not is_whole or response.will_close or not response.isclosed():
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _connect(self, url: SplitResult) -> http.client.HTTPConnection:
        context = self._context() if url.scheme == "https" else None
        return proxies.connection(url, context, self.silence)

    def _context(self) -> ssl.SSLContext:
        """TLS by the system's authorities (or SSL_CERT_FILE), or by the one that was named. Raises WrongUsage."""
        with self._lock:
            if self._tls is None:
                try:
                    self._tls = ssl.create_default_context(cafile=self._ca_file)
                    if self._client_cert:
                        self._tls.load_cert_chain(self._client_cert)
                except (OSError, ssl.SSLError) as error:
                    named = " or ".join(filter(None, (self._ca_file, self._client_cert)))
                    raise errors.WrongUsage(f"{named} cannot be used for TLS: {error}") from error
            return self._tls


def _send(connection: http.client.HTTPConnection, body: Any) -> bool:
    """Send the body until the answer comes; whether all of it was sent."""
    blocks = body.blocks() if isinstance(body, FilePiece) else iter([body] if body else [])
    for block in blocks:
        if _is_answered(connection):
            return False
        try:
            connection.send(block)
        except (BrokenPipeError, ConnectionResetError):
            return False  # a refusal may have come before the end
    return True


def _is_answered(connection: http.client.HTTPConnection) -> bool:
    """Whether something has come already; over TLS that may be but a session ticket."""
    sock = connection.sock
    if sock is None or isinstance(sock, ssl.SSLSocket) or os.name == "nt":
        return False
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def refuse(answer: Answer, reason: str) -> None:
    """Raise what an answer that is no success stands for; a redirect of an API call is one."""
    if answer.status < 300 or answer.status == 304:
        return
    if answer.status < 400:
        place = answer.headers.get("Location", "elsewhere")
        raise errors.OpampkgError(f"The server redirects to {place}. If you trust that, give its URL as --server.")
    error = errors.of_answer(answer.status, reason, _problem(answer))
    if isinstance(error, errors.Unreachable):
        error.retry_after = _seconds(answer.headers.get("Retry-After"))
    if isinstance(error, errors.Conflict):
        offset = answer.headers.get("Upload-Offset", "")
        error.offset = int(offset) if offset.isdigit() else None
    raise error


def _problem(answer: Answer) -> dict[str, Any]:
    if answer.headers.get_content_type() != "application/problem+json":
        return {}
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its form as a date is left alone."""
    return float(header) if header is not None and header.isdigit() else None


def unreachable(error: Exception) -> errors.OpampkgError:
    """What a failed connection is; a certificate that is not trusted stays so, and is no reason to try again."""
    if isinstance(error, ssl.SSLCertVerificationError):
        found = errors.Unreachable(f"The server's certificate is not trusted: {error.verify_message}. See --ca-file.")
        found.passes = False
        return found
    told = str(error) or type(error).__name__
    return errors.Unreachable(f"The service cannot be reached: {told}.")


def checked(server: str) -> SplitResult:
    """The server's URL. Raises WrongUsage."""
    url = urlsplit(server)
    try:
        is_right = url.scheme in ("http", "https") and url.hostname and not (url.query or url.fragment or url.username)
        _ = url.port
    except ValueError:
        is_right = False
    if not is_right:
        raise errors.WrongUsage(f"The server is to be a URL such as https://packages.example.com, not {server!r}.")
    return url


def origin(url: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port."""
    return url.scheme, (url.hostname or "").lower(), url.port or (443 if url.scheme == "https" else 80)


def target(url: SplitResult) -> str:
    """Path and query."""
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
