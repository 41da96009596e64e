"""Kept HTTP connections to one S3 endpoint, on which every wait has a limit.

http.client and not urllib3: urllib3 sends under its connect timeout, counts that for a whole body instead of
for a standstill, and does not tell whether a connection that failed was a kept one, the only case in which
sending again is right.
"""

import http.client
import os
import select
import socket
import ssl
import struct
import threading
import time

from app.storage.dialling import Dialler
from app.storage.patience import CONNECT, Patience

FAILURES = (OSError, http.client.HTTPException)
"""What a connection may raise; TimeoutError is one of them."""

KEPT_AT_MOST = 64
KEPT_FOR = 15.0
"""Seconds; below the idle limits of the servers (MinIO 30 s, S3 about 20 s), so that few are found closed."""

SEND_BLOCK = 256 * 1024
"""Bytes per sendall: its timeout counts for all that it is given, so this is what has to move within it."""

TICK = 0.25
"""Seconds of standstill after which a blocking send looks whether there is patience left."""


class Connection:
    """One connection; `kept` says that it has carried a request before."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._http = http.client.HTTPConnection("dialled-by-us")
        self.kept = False
        self.idle_since = 0.0

    def send_head(self, method: str, path: str, headers: dict[str, str], patience: Patience) -> None:
        """Connect if need be and send request line and headers."""
        if self._http.sock is None:
            self._http.sock = self._dialler.connect(min(CONNECT, patience.left()))
        self._http.sock.settimeout(patience.left())
        self._http.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, content in headers.items():
            self._http.putheader(name, content)
        self._http.endheaders()

    def send_body(self, body: memoryview, patience: Patience) -> None:
        """Send a piece of the body; each block that the server took counts as progress."""
        if isinstance(self._http.sock, ssl.SSLSocket):
            self._send_in_blocks(body, patience)
            return
        # Much cheaper than settimeout, under which Python polls before each of many small sends.
        self._http.sock.settimeout(None)
        _limit(self._http.sock, socket.SO_SNDTIMEO, TICK)
        while body:
            try:
                body = body[self._http.sock.send(body) :]
                patience.progress()
            except BlockingIOError:
                patience.left()

    def _send_in_blocks(self, body: memoryview, patience: Patience) -> None:
        for start in range(0, len(body), SEND_BLOCK):
            self._http.sock.settimeout(patience.left())
            self._http.send(body[start : start + SEND_BLOCK])
            patience.progress()

    def answer(self, patience: Patience) -> http.client.HTTPResponse:
        """Wait for status and headers of the answer."""
        while True:
            self._http.sock.settimeout(patience.left())
            try:
                response = self._http.getresponse()
            except TimeoutError:
                continue  # nothing has come yet: whether to go on waiting, `left` decides
            patience.progress()
            return response

    def wait_for_bytes(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the answer's body."""
        if self._http.sock is None:
            return
        if isinstance(self._http.sock, ssl.SSLSocket):
            self._http.sock.settimeout(seconds)
            return
        self._http.sock.settimeout(None)
        _limit(self._http.sock, socket.SO_RCVTIMEO, seconds)

    @property
    def has_plain_socket(self) -> bool:
        """Whether there is a socket with the bytes as they are: no TLS, and no answer that is to end it."""
        return self._http.sock is not None and not isinstance(self._http.sock, ssl.SSLSocket)

    def splice(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes from the socket into an empty pipe; 0 at the end. Raises OSError."""
        return os.splice(self._http.sock.fileno(), pipe, size)

    def is_closed_by_server(self) -> bool:
        """Whether the idle connection has something to read: an end of file, or what nobody asked for."""
        poller = select.poll()
        poller.register(self._http.sock, select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        self._http.close()


class ConnectionPool:
    """Connections to `endpoint` (host or host:port), the last used first. Safe for many threads."""

    def __init__(self, endpoint: str, *, use_ssl: bool) -> None:
        self._dialler = Dialler(endpoint, use_ssl=use_ssl)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def take(self, *, fresh: bool = False) -> Connection:
        """A kept connection that looks alive, or a new one, which is not connected yet."""
        while not fresh and (connection := self._pop()):
            if time.monotonic() - connection.idle_since < KEPT_FOR and not connection.is_closed_by_server():
                return connection
            connection.close()
        return Connection(self._dialler)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        connection.kept = True
        connection.idle_since = time.monotonic()
        with self._lock:
            if len(self._idle) < KEPT_AT_MOST:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        while connection := self._pop():
            connection.close()

    def _pop(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None


def _limit(sock: socket.socket, option: int, seconds: float) -> None:
    """Let the kernel end a blocking send or receive after `seconds`, with EAGAIN."""
    microseconds = int(seconds * 1_000_000)
    sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", *divmod(microseconds, 1_000_000)))
