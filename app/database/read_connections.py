"""A small pool of autocommit connections for reads, in front of SQLAlchemy's pool.

SQLAlchemy's costs a small request some 60 µs for taking a connection and giving it back, as much as the query itself
in this process: between two answers of PostgreSQL none of its code is left in the processor's caches.
"""

import time
from collections import deque

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from app.database.engine import is_dead, set_autocommit


class ReadConnections:
    """Connections in autocommit mode, taken out of the engine's pool and at rest between two reads.

    A thread that holds one of the engine's places, of which there are as many as connections, finds one here, or in
    the pool after `release_one_to_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[tuple[PoolProxiedConnection, float]] = deque()
        self.generation = 0
        """Counts the calls of `drop_all`."""

    def take(self) -> PoolProxiedConnection:
        """The one that was used last, or one of the engine's. Raises what connecting raises."""
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if not is_dead(connection.driver_connection, since):
                return connection
            connection.invalidate()
        connection = self._engine.raw_connection()
        set_autocommit(connection.driver_connection, wanted=True)
        return connection

    def give_back(self, connection: PoolProxiedConnection, generation: int) -> None:
        """Let it rest until the next read; nothing is in progress on it. `generation` is that of its taking."""
        if generation == self.generation:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.invalidate()

    def give_up(self, connection: PoolProxiedConnection, error: BaseException) -> None:
        """Return it to the engine after an error; it is closed if it is broken."""
        if connection.driver_connection is None or connection.driver_connection.closed:
            connection.invalidate(error)
        connection.close()

    def release_one_to_engine(self) -> None:
        """Return one to the engine's pool, if any rests here: that may have none left."""
        try:
            connection, _ = self._idle.pop()
        except IndexError:
            return
        connection.close()

    def drop_all(self) -> None:
        """Close all that rest here, and those that are in use when they come back."""
        self.generation += 1
        while self._idle:
            try:
                self._idle.pop()[0].invalidate()
            except IndexError:
                return
