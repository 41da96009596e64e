"""Connections to PostgreSQL: short, bounded in time, and with one error for everything that goes wrong there."""

import contextlib
import functools
import select
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
from sqlalchemy import ClauseElement, Connection, Engine, create_engine, event, text
from sqlalchemy.dialects.postgresql.psycopg2 import dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from app import prepared, waiting
from app.breaker import Breaker
from app.errors import DatabaseUnavailable
from app.sqlstate import unusable

POOL_TIMEOUT = 1.0
"""Seconds to wait for one of the pool's connections."""

SERVICE_SETTINGS = {
    "lock_timeout": "1200",
    "idle_in_transaction_session_timeout": "5000",
    # Each query of a request stands on an index: one whose matches the planner misjudges must not read a whole table,
    # nor be compiled or handed to other processes for longer than it runs.
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
"""PostgreSQL settings (times in ms) of sessions that serve requests; commands and migrations have none."""

APPLICATION = {"application_name": "opamp-packages"}

KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

_DIALECT: Any = dialect()  # type: ignore[no-untyped-call]


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
        self._breaker = Breaker(DatabaseUnavailable)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection without a transaction around it: each statement stands for itself.

        Raises DatabaseUnavailable.
        """
        with self._translated(), self._place(), self.engine.connect() as connection, _autocommit(connection):
            yield connection

    def rows(self, query: str, parameters: dict[str, Any], *, is_probe: bool = False) -> list[Any]:
        """The rows of one statement that stands for itself, as named tuples; `query` is as `compiled` gives it.

        `is_probe`: it reads unique indexes, so that one plan is right for all parameters, see app.prepared.
        Straight through the driver: SQLAlchemy's way to it and back costs as much again. Raises DatabaseUnavailable.
        """
        with self.reading() as connection:
            driver: Any = connection.connection.dbapi_connection
            try:
                with driver.cursor() as cursor:
                    if is_probe:
                        prepared.execute(cursor, connection.info.setdefault("prepared", set()), query, parameters)
                    else:
                        cursor.execute(query, parameters)
                    row = _row_type(tuple(column.name for column in cursor.description))
                    return [row._make(values) for values in cursor.fetchall()]
            except psycopg2.Error as error:
                is_lost = bool(driver.closed)
                if is_lost:
                    connection.invalidate(error)
                raise DBAPIError.instance(
                    query, parameters, error, psycopg2.Error, connection_invalidated=is_lost, dialect=_DIALECT
                ) from error

    def row(self, query: str, parameters: dict[str, Any]) -> Any:
        """The row that `query` finds or changes by a unique key, None if there is none. Raises DatabaseUnavailable."""
        found = self.rows(query, parameters, is_probe=True)
        return found[0] if found else None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back if the block raises.

        Raises DatabaseUnavailable, and CommitInDoubt if the commit's own answer was lost.
        """
        with self._translated(), self._place(), self.engine.connect() as connection:
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
    def _place(self) -> Iterator[None]:
        """One of the pool's places; waiting for it counts against the request's allowance.

        The pool's own queue would hand out connections to requests that have no time left to use them.
        """
        self._breaker.check()
        started = time.monotonic()
        left = waiting.left()
        taken = self._places.acquire(timeout=POOL_TIMEOUT if left is None else max(0.0, min(POOL_TIMEOUT, left)))
        waiting.spend(time.monotonic() - started)
        if not taken:
            self._on_error()
            self._breaker.fell_silent()
            raise DatabaseUnavailable("All connections to the database are in use. Try again.")
        try:
            yield
        finally:
            self._places.release()
        self._breaker.answered()

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
        if isinstance(error.orig, waiting.NoAnswer):
            self._breaker.fell_silent()


@contextlib.contextmanager
def _autocommit(connection: Connection) -> Iterator[None]:
    """No BEGIN and no ROLLBACK around statements.

    By psycopg2's own flag: SQLAlchemy's isolation levels cost a round trip each time, and if that is not answered
    SQLAlchemy 2.1 loses the pool's place for good.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.autocommit = True
    try:
        yield
    finally:
        if not driver.closed:
            driver.autocommit = False


@functools.lru_cache(maxsize=256)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)  # noqa: PYI024 - the columns are not known before


def compiled(statement: ClauseElement) -> str:
    """The statement's text for `exec_driver_sql`, with its parameters by name.

    To have SQLAlchemy look up its own compilation costs more than PostgreSQL's answer.
    """
    return str(statement.compile(dialect=_DIALECT))


def places(engine: Engine) -> int:
    """How many connections the engine's pool has."""
    return engine.pool.size() if isinstance(engine.pool, QueuePool) else 1


def engine_options(pool_size: int) -> dict[str, Any]:
    """What Flask-SQLAlchemy makes the engine with."""
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_use_lifo": True,
        "use_native_hstore": False,  # saves each new connection three round trips
        "connect_args": {**APPLICATION, **KEEPALIVES},
    }


def prepare(engine: Engine) -> None:
    """Give the engine's new connections their settings, and keep dead ones from being used."""
    event.listen(engine, "do_connect", _limit_service_sessions)
    event.listen(engine, "checkout", _refuse_dead)


def _limit_service_sessions(
    _dialect: object, _record: ConnectionPoolEntry, _arguments: object, parameters: dict[str, Any]
) -> None:
    if waiting.left() is not None:
        parameters["options"] = " ".join(f"-c {name}={value}" for name, value in SERVICE_SETTINGS.items())


def _refuse_dead(connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: object) -> None:
    """An idle connection with something to read has been closed by the server: take a new one instead."""
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    if poller.poll(0):
        raise DisconnectionError
