"""Connections to PostgreSQL: short, bounded in time, and with one error for everything that goes wrong there."""

import contextlib
import functools
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
from sqlalchemy import ClauseElement, Connection, Engine, create_engine, text
from sqlalchemy.dialects.postgresql.psycopg2 import dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from app.breaker import Breaker
from app.database import deadline, prepared, read_gate
from app.database.engine import APPLICATION, KEEPALIVES, POOL_TIMEOUT, places, set_autocommit
from app.database.read_connections import KeptConnections
from app.database.read_gate import Lane
from app.database.sqlstate import unusable
from app.errors import DatabaseUnavailable

_DIALECT: Any = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own has no types


class CommitInDoubt(DatabaseUnavailable):
    """The answer to a COMMIT was lost: the transaction may have taken effect, or may still."""


class Database:
    """The service's engine. Each `with` holds one connection, and no longer than the block."""

    def __init__(self, engine: Engine, on_error: Callable[[], None] = lambda: None) -> None:
        self.engine = engine
        self._outside_pool = create_engine(
            engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={**APPLICATION, **KEEPALIVES}
        )
        self._on_error = on_error
        self._places = threading.BoundedSemaphore(places(engine))
        self._kept = KeptConnections(engine)
        self._lane = Lane()
        self._breaker = Breaker(DatabaseUnavailable)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection without a transaction around it: each statement stands for itself.

        Raises DatabaseUnavailable.
        """
        with self._translated(), self._connected(autocommit=True) as connection:
            yield connection

    def rows(self, query: str, parameters: dict[str, Any], *, is_planned_once: bool = False) -> list[Any]:
        """The rows of one statement that stands for itself, as named tuples; `query` is as `compiled` gives it.

        `is_planned_once`: one plan is right for all parameters, see app.database.prepared.
        Straight through the driver: SQLAlchemy's way to it and back costs as much again. Raises DatabaseUnavailable.
        """
        with self._translated(), self._lane, self._place():
            connection: PoolProxiedConnection | None = None
            try:
                connection = self._kept.take()
                driver: Any = connection.driver_connection
                with driver.cursor() as cursor:
                    if is_planned_once:
                        prepared.execute(cursor, connection.info.setdefault("prepared", set()), query, parameters)
                    else:
                        cursor.execute(query, parameters)
                    row = _row_type(tuple([column.name for column in cursor.description]))
                    # What `_make` does, without a call of Python's for each row.
                    found = list(map(functools.partial(tuple.__new__, row), cursor.fetchall()))
            except psycopg2.Error as error:
                is_lost = connection is None or bool(driver.closed)
                if connection is not None and is_lost:
                    connection.invalidate(error)
                raise DBAPIError.instance(
                    query, parameters, error, psycopg2.Error, connection_invalidated=is_lost, dialect=_DIALECT
                ) from error
            else:
                self._kept.keep(connection)
                connection = None
                return found
            finally:
                if connection is not None:
                    connection.close()

    def row(self, query: str, parameters: dict[str, Any]) -> Any:
        """The row that `query` finds or changes by a unique key, None if there is none. Raises DatabaseUnavailable."""
        found = self.rows(query, parameters, is_planned_once=True)
        return found[0] if found else None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back if the block raises.

        Raises DatabaseUnavailable, and CommitInDoubt if the commit's own answer was lost.
        """
        with self._translated(), self._connected(autocommit=False) as connection:
            yield connection
            try:
                connection.commit()
            except (OperationalError, InterfaceError) as error:
                self._failed(error)
                raise CommitInDoubt from error

    @contextlib.contextmanager
    def exclusively(self, lock: int, *, wait: bool) -> Iterator[bool]:
        """Hold one advisory lock, the same for all replicas, for the block; False if another has it.

        With `wait` it takes its turn instead. The lock's connection is none of the pool's, which may be as small
        as one. Raises DatabaseUnavailable.
        """
        take = text("SELECT pg_advisory_lock(:lock)" if wait else "SELECT pg_try_advisory_lock(:lock)")
        with self._translated(), self._outside_pool.connect() as connection:
            held = wait | bool(connection.execute(take, {"lock": lock}).scalar())
            try:
                yield held
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})

    def ping(self) -> None:
        """Return if the database answers and has the schema's tables. Raises DatabaseUnavailable."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1 FROM packages LIMIT 1"))

    @contextlib.contextmanager
    def _connected(self, *, autocommit: bool) -> Iterator[Connection]:
        """A connection of the pool's."""
        with self._place():
            self._kept.give_one_back()
            with self.engine.connect() as connection:
                set_autocommit(connection.connection.dbapi_connection, wanted=autocommit)
                yield connection

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """One of the pool's places; waiting for it counts against the request's allowance.

        The pool's own queue would hand out connections to requests that have no time left to use them.
        """
        self._breaker.check()
        if not self._places.acquire(blocking=False):
            self._wait_for_place()
        try:
            yield
        finally:
            self._places.release()
        self._breaker.answered()

    def _wait_for_place(self) -> None:
        read_gate.leave()
        started = time.monotonic()
        left = deadline.left()
        taken = self._places.acquire(timeout=POOL_TIMEOUT if left is None else max(0.0, min(POOL_TIMEOUT, left)))
        deadline.spend(time.monotonic() - started)
        if not taken:
            self._on_error()
            self._breaker.fell_silent()
            raise DatabaseUnavailable("All connections to the database are in use. Try again.")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            if not unusable(error):
                raise
            self._failed(error)
            raise DatabaseUnavailable from error

    def _failed(self, error: DBAPIError) -> None:
        self._on_error()
        if isinstance(error.orig, deadline.NoAnswer):
            self._breaker.fell_silent()


@functools.lru_cache(maxsize=256)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)  # noqa: PYI024 - the columns are not known before


def compiled(statement: ClauseElement) -> str:
    """The statement's text for `exec_driver_sql`, with its parameters by name.

    To have SQLAlchemy look up its own compilation costs more than PostgreSQL's answer.
    """
    return str(statement.compile(dialect=_DIALECT))
