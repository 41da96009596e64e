"""Connections that reads pass on among themselves.

SQLAlchemy's pool costs a small request some 60 µs for taking a connection and giving it back, as much as the query
itself in this process: between two answers of PostgreSQL none of its code is left in the processor's caches.
"""

import time
from collections import deque

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from app.database.engine import is_dead, set_autocommit


class KeptConnections:
    """Connections in autocommit mode, taken out of the engine's pool and at rest between two reads.

    Who has one of the pool's places, of which there are as many as connections, finds one here, or in the pool after
    `give_one_back`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._resting: deque[tuple[PoolProxiedConnection, float]] = deque()

    def take(self) -> PoolProxiedConnection:
        """The one that was used last, or one of the pool's. Raises what connecting raises."""
        while self._resting:
            try:
                connection, since = self._resting.pop()
            except IndexError:  # another thread was quicker
                break
            if not is_dead(connection.driver_connection, since):
                return connection
            connection.invalidate()
        connection = self._engine.raw_connection()
        set_autocommit(connection.driver_connection, wanted=True)
        return connection

    def keep(self, connection: PoolProxiedConnection) -> None:
        """Let it rest until the next read; nothing is in progress on it."""
        self._resting.append((connection, time.monotonic()))

    def give_one_back(self) -> None:
        """Return one to the pool, if any rests here: the pool may have none left."""
        try:
            connection, _ = self._resting.pop()
        except IndexError:
            return
        connection.close()
