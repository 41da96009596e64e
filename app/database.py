"""Connections to PostgreSQL: short, bounded in time, and with one error for everything that goes wrong there."""

import contextlib
import select
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from app import waiting
from app.errors import DatabaseUnavailable

POOL_TIMEOUT = 1.0
"""Seconds to wait for one of the pool's connections."""

SERVICE_SETTINGS = {"lock_timeout": "1200", "idle_in_transaction_session_timeout": "5000"}
"""PostgreSQL settings (ms) of sessions that serve requests; commands and migrations have none."""

KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

UNUSABLE = (
    "57",  # operator intervention: shutdown, crash, cannot connect now
    "53",  # insufficient resources: too many connections, disk full, out of memory
    "55P03",  # lock not available within lock_timeout
    "25P03",  # idle in transaction for too long
    "40",  # transaction rollback: serialization failure, deadlock
    "58",  # system error: I/O
    "42501",  # a right is missing
    "42P01",  # a table is missing: the schema is not there yet
    "25006",  # read-only: a standby
    "XX",  # internal error, data corrupted
)
"""SQLSTATEs, or their beginnings, which say that the database can't serve, not that the statement is wrong."""


class CommitInDoubt(DatabaseUnavailable):
    """The answer to a COMMIT was lost: the transaction may have taken effect, or may still."""


class Database:
    """The service's engine. Each `with` holds one connection, and no longer than the block."""

    def __init__(self, engine: Engine, on_error: Callable[[], None] = lambda: None) -> None:
        self.engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._on_error = on_error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection without a transaction around it: each statement stands for itself.

        Raises DatabaseUnavailable.
        """
        with self._translated(), self._reader.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back if the block raises.

        Raises DatabaseUnavailable, and CommitInDoubt if the commit's own answer was lost.
        """
        with self._translated(), self.engine.connect() as connection:
            yield connection
            try:
                connection.commit()
            except (OperationalError, InterfaceError) as error:
                self._on_error()
                raise CommitInDoubt from error

    @contextlib.contextmanager
    def exclusively(self, lock: int, *, wait: bool) -> Iterator[bool]:
        """Hold one advisory lock, the same for all replicas, for the block; False if another has it.

        With `wait` it takes its turn instead. Raises DatabaseUnavailable.
        """
        take = text("SELECT pg_advisory_lock(:lock)" if wait else "SELECT pg_try_advisory_lock(:lock)")
        with self.reading() as connection:
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
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            self._on_error()
            raise DatabaseUnavailable("All connections to the database are in use. Try again.") from error
        except IntegrityError:
            raise
        except DBAPIError as error:
            if not unusable(error):
                raise
            self._on_error()
            raise DatabaseUnavailable from error


def unusable(error: DBAPIError) -> bool:
    """Whether `error` tells of the database's state rather than of a wrong statement."""
    sqlstate = getattr(error.orig, "pgcode", None)
    if sqlstate is None:
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return str(sqlstate).startswith(UNUSABLE)


def engine_options(pool_size: int) -> dict[str, Any]:
    """What Flask-SQLAlchemy makes the engine with."""
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_use_lifo": True,
        "connect_args": {"application_name": "opamp-packages", **KEEPALIVES},
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
