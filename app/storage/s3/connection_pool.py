"""Connection pool: reuse of idle connections to one S3 endpoint, the highest of the HTTP client's three floors."""

import threading
import time

from app.storage.s3.connection import Connection
from app.storage.s3.dialer import Dialer

MAX_IDLE = 64
"""Connections."""

IDLE_TIMEOUT = 15.0
"""Seconds; below the idle limits of the servers (MinIO 30 s, S3 about 20 s), so that few are found closed."""


class ConnectionPool:
    """Connections to `endpoint` (host or host:port), the last used first. Safe for many threads."""

    def __init__(self, endpoint: str, *, use_ssl: bool) -> None:
        self._dialler = Dialer(endpoint, use_ssl=use_ssl)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def take(self, *, fresh: bool = False) -> Connection:
        """A kept connection that looks alive, or a new one, which is not connected yet."""
        while not fresh and (connection := self._pop()):
            if time.monotonic() - connection.idle_since < IDLE_TIMEOUT and not connection.is_closed_by_server():
                return connection
            connection.close()
        return Connection(self._dialler)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose response was read to its end."""
        connection.kept = True
        connection.idle_since = time.monotonic()
        with self._lock:
            if connection.may_be_kept and len(self._idle) < MAX_IDLE:
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
