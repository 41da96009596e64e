"""The read path: single statements in autocommit, straight through psycopg2.

SQLAlchemy's way to the driver and back costs as much again as the rest of a small read.
"""

import contextlib
import functools
import threading
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from app.database import prepared as prepared_statements
from app.database.deadline import Bounded
from app.database.read_connections import ReadConnections

TURN = 0.02
"""Seconds that a read waits for another of this worker's reads to have its rows; 0: for none. On 2 cores details gain
two fifths and lists an eighth (docs/performance.md): threads that read at once take Python's lock from each other.
"""


class Reads:
    """Runs statements on a small pool of its own; the caller has taken its turn, and one of the engine's places."""

    def __init__(self, engine: Engine) -> None:
        self.connections = ReadConnections(engine)
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Reads one after another, as long as each has its rows within TURN.

        To be taken before one of the engine's places: who waits for both is woken twice.
        """
        has_turn = TURN > 0 and self._turn.acquire(timeout=TURN)
        try:
            yield
        finally:
            if has_turn:
                self._turn.release()

    def fetch(self, query: str, parameters: dict[str, Any], *, prepared: bool) -> list[Any]:
        """The rows as named tuples. Raises psycopg2's errors, after which no broken connection is left."""
        generation = self.connections.generation
        connection: PoolProxiedConnection | None = None
        try:
            with Bounded() as bounded:
                connection = self.connections.take()
                bounded.on(connection.driver_connection)
                rows = _execute(connection, query, parameters, prepared=prepared)
        except BaseException as error:
            if connection is not None:
                self.connections.give_up(connection, error)
            raise
        self.connections.give_back(connection, generation)
        return rows


def _execute(connection: PoolProxiedConnection, query: str, parameters: dict[str, Any], *, prepared: bool) -> list[Any]:
    driver: Any = connection.driver_connection
    with driver.cursor() as cursor:
        if prepared:
            prepared_statements.execute(cursor, connection.info.setdefault("prepared", set()), query, parameters)
        else:
            cursor.execute(query, parameters)
        return _named(cursor)


def _named(cursor: Any) -> list[Any]:
    row = _row_type(tuple([column.name for column in cursor.description]))
    # What `_make` does, without a call of Python's for each row.
    return list(map(functools.partial(tuple.__new__, row), cursor.fetchall()))


@functools.lru_cache(maxsize=256)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)  # noqa: PYI024 - the columns are not known before
