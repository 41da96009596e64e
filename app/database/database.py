"""Connections to PostgreSQL: short, bounded in time, and with one error for everything that goes wrong there."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import psycopg2
from sqlalchemy import ClauseElement, Connection, Engine, Row, Select, text
from sqlalchemy.dialects.postgresql.psycopg2 import dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from app.breaker import Breaker
from app.database import deadline, schema
from app.database.condition import Condition, told, unavailable
from app.database.deadline import Bounded, DatabaseTimeout, OutOfTime
from app.database.dialer import Dialer
from app.database.engine import POOL_TIMEOUT, Session, places, prepare, set_autocommit, unpooled
from app.database.failures import BEHIND, READ_ONLY, UNANSWERED, Failure, failure_of
from app.database.reads import Reads
from app.errors import DatabaseUnavailable

_DIALECT: Any = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own has no types

PING = """
SELECT current_setting('transaction_read_only')::boolean AS is_read_only,
    (SELECT version_num FROM alembic_version) AS revision, EXISTS (SELECT FROM packages) AS has_packages
"""


class CommitInDoubt(DatabaseUnavailable):
    """The answer to a COMMIT was lost: the transaction may have taken effect, or may still."""


class Database:
    """PostgreSQL on an engine of its own. Each `with` holds one connection, and no longer than the block."""

    def __init__(
        self, engine: Engine, on_error: Callable[[], None] = lambda: None, session: Session = Session.SERVICE
    ) -> None:
        self.engine = engine
        self._dialer = Dialer()
        prepare(engine, self._dialer, session)
        self._unpooled = unpooled(engine.url, self._dialer).execution_options(isolation_level="AUTOCOMMIT")
        self._on_error = on_error
        self._places = threading.BoundedSemaphore(places(engine))
        self._reads = Reads(engine)
        self._session = session
        self._condition = Condition(is_logged=session is Session.SERVICE)
        self._breaker = Breaker(self._condition.refusal)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection without a transaction around it: each statement stands for itself.

        Raises DatabaseUnavailable.
        """
        with self._translated(), self._connected(autocommit=True) as connection:
            yield connection

    def rows(self, query: str, parameters: dict[str, Any], *, prepared: bool = False) -> list[Any]:
        """Run one statement in autocommit and return its rows as named tuples; `query` is as `compiled` gives it.

        `prepared`: one plan is right for all parameters, see app.database.prepared. Raises DatabaseUnavailable.
        """
        with self._translated(), self._reads.turn(), self._place():
            return self._reads.fetch(query, parameters, prepared=prepared)

    def row(self, query: str, parameters: dict[str, Any]) -> Any:
        """The row that `query` finds or changes by a unique key, None if there is none. Raises DatabaseUnavailable."""
        found = self.rows(query, parameters, prepared=True)
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
                self._failed(UNANSWERED, deadline.judged(error.orig))
                raise CommitInDoubt from error

    @contextlib.contextmanager
    def batches(self, statement: Select[Any], size: int) -> Iterator[Iterator[Sequence[Row[Any]]]]:
        """The rows in batches of `size` by a cursor (DECLARE, FETCH): what nobody asks for is not even read.

        For rows of which a few are as large as a page may be. Raises DatabaseUnavailable.
        """
        # Closed within the transaction: a cursor that is closed later asks on a connection that is another's by then.
        with self.writing() as connection, connection.execution_options(yield_per=size).execute(statement) as rows:
            yield rows.partitions()

    @contextlib.contextmanager
    def exclusively(self, lock: int, *, wait: bool) -> Iterator[bool]:
        """Hold one advisory lock, the same for all replicas, for the block; False if another has it.

        With `wait` it takes its turn instead. The lock's connection is none of the pool's, which may be as small
        as one. Raises DatabaseUnavailable.
        """
        take = text("SELECT pg_advisory_lock(:lock)" if wait else "SELECT pg_try_advisory_lock(:lock)")
        with self._translated(), contextlib.ExitStack() as stack:
            with Bounded() as bounded:
                connection = stack.enter_context(self._unpooled.connect())
                bounded.on(connection.connection.dbapi_connection)
                held = wait | bool(connection.execute(take, {"lock": lock}).scalar())
            # To end the session gives the lock back.
            yield held

    def ping(self) -> None:
        """Return if the database answers, can be written and has this version's schema. Raises DatabaseUnavailable."""
        (found,) = self.rows(PING, {})
        if found.is_read_only:
            self._lose_all()
            raise unavailable(READ_ONLY)
        if schema.is_behind(found.revision):
            raise unavailable(BEHIND)

    @contextlib.contextmanager
    def _connected(self, *, autocommit: bool) -> Iterator[Connection]:
        """A connection of the pool's."""
        with self._place(), Bounded() as bounded:
            self._reads.connections.release_one_to_engine()
            with self.engine.connect() as connection:
                driver = connection.connection.dbapi_connection
                bounded.on(driver)
                set_autocommit(driver, wanted=autocommit)
                yield connection

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """One of the pool's places; waiting for it counts against the request's budget.

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
        self._condition.answered()

    def _wait_for_place(self) -> None:
        started = time.monotonic()
        left = deadline.remaining()
        taken = self._places.acquire(timeout=POOL_TIMEOUT if left is None else max(0.0, min(POOL_TIMEOUT, left)))
        deadline.spend(time.monotonic() - started)
        if not taken:
            self._on_error()
            self._breaker.fell_silent()
            raise DatabaseUnavailable("All connections to the database are in use. Try again.")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise DatabaseUnavailable for errors that tell of the database's state; others as they are."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            self._judge(error.orig, error)
        except psycopg2.Error as error:
            self._judge(error, error)

    def _judge(self, error: Any, raised: Exception) -> NoReturn:
        failure = failure_of(error)
        if failure is None:
            raise raised
        self._failed(failure, error)
        more = told(error, self._dialer.server) if self._session is Session.COMMAND else ""
        raise unavailable(failure, more) from raised

    def _failed(self, failure: Failure, error: Any) -> None:
        self._on_error()
        if isinstance(error, OutOfTime):
            return
        self._condition.failed(failure, error, self._dialer.server)
        if isinstance(error, DatabaseTimeout) and self._breaker.fell_silent():
            # Those that rest lead to the same server: each would cost one more request its time. The next connection
            # begins with another host, if there is one.
            self._dialer.doubt()
            self._lose_all()
        if failure is READ_ONLY:
            self._lose_all()

    def _lose_all(self) -> None:
        """Close all connections, so that the next ones are made to a server that answers and can be written."""
        self._reads.connections.drop_all()
        self.engine.dispose()


def compiled(statement: ClauseElement) -> str:
    """The statement's text for `exec_driver_sql`, with its parameters by name.

    To have SQLAlchemy look up its own compilation costs more than PostgreSQL's answer.
    """
    return str(statement.compile(dialect=_DIALECT))
