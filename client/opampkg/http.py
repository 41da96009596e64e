"""HTTP client: one request and its answer, over kept connections, through proxies, with TLS that is always verified."""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult

from opampkg import errors, proxies
from opampkg.answers import Answer, Stream, refuse, unreachable, whole
from opampkg.bodies import FilePiece
from opampkg.tokens import Token
from opampkg.urls import checked, origin, target
from opampkg.version import VERSION

SILENCE = 60.0
"""Seconds without a byte after which a connection is given up."""


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
            # A long body begins on a new connection: sent again after a kept one, it would take over what came before.
            connection, kept = (self._connect(self.url), False) if isinstance(body, FilePiece) else self._connection()
            try:
                response, is_whole = self._exchange(connection, self.url, method, self.prefix + path, headers, body)
                content = whole(response)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept and not isinstance(error, socket.timeout):  # the server may end a kept one at any time
                    continue
                raise unreachable(error) from error
            except BaseException:
                connection.close()
                raise
            self._give_back(connection, response, is_whole=is_whole)
            answer = Answer(response.status, response.headers, content)
            refuse(answer, response.reason)
            return answer

    def stream(self, url: SplitResult, headers: Mapping[str, str]) -> Stream:
        """A GET of `url`, which may be another server's: that one sees no token. Refuses nothing but by raising."""
        connection = self._connect(url)
        try:
            response, _ = self._exchange(connection, url, "GET", target(url), headers, b"")
            if response.status >= 400:
                refuse(Answer(response.status, response.headers, whole(response)), response.reason)
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
        is_whole = _send(connection, body)
        return connection.getresponse(), is_whole

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
