"""The engine's connections: how they are made, their session settings, and their reset when they are returned.

A connection that serves requests rests in autocommit mode, and is given back without a ROLLBACK if there is nothing
to roll back: reads are most of what is asked, and each turn to the driver gives up Python's lock, which many threads
wait for.
"""

import enum
import functools
import select
import time
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import URL, Engine, NullPool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState, QueuePool

from app.database import deadline
from app.database.dialer import Dialer
from app.database.failures import ENCODING, POOLER, Refused

POOL_TIMEOUT = 1.0
"""Seconds to wait for one of the pool's connections."""

CHECK_IDLE_AFTER = 0.05
"""Seconds of rest after which it is looked whether the server has closed a connection."""

SERVICE_SETTINGS = {
    "lock_timeout": "1200",
    "idle_in_transaction_session_timeout": "5000",
    # Each query of a request stands on an index, which tests/integration/plans holds: one whose matches the planner
    # misjudges must not read a whole table, nor be compiled or handed to other processes for longer than it runs.
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # What is prepared has one plan that is right for all parameters; a LIMIT that it does not know would let the
    # planner go on planning.
    "plan_cache_mode": "force_generic_plan",
}
"""PostgreSQL settings (times in ms) of sessions that serve requests; commands and migrations have none."""

CONNECTION_PARAMETERS = {
    "application_name": "opamp-packages",
    "client_encoding": "UTF8",
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

SESSION_MARK = "opamp_packages.session"
"""A setting of ours that tells whether settings reach the session, or a pooler has lost them."""

_RESTS_SINCE = "opamp_packages.rests_since"


class Session(enum.Enum):
    """What an engine's sessions are for."""

    SERVICE = "service"
    COMMAND = "command"


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
        "pool_reset_on_return": None,  # `_reset_on_return` does
        "use_native_hstore": False,  # saves each new connection three round trips
    }


def unpooled(url: URL, dialer: Dialer) -> Engine:
    """An engine for commands and locks, each of whose connections ends with its use."""
    engine = create_engine(url, poolclass=NullPool, use_native_hstore=False)
    event.listen(engine, "do_connect", functools.partial(_connect, dialer, Session.COMMAND))
    return engine


def prepare(engine: Engine, dialer: Dialer, session: Session) -> None:
    """Let the engine's connections be as this module says, with the settings of this kind of session."""
    event.listen(engine, "do_connect", functools.partial(_connect, dialer, session))
    event.listen(engine, "connect", functools.partial(_default_autocommit, session))
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "reset", functools.partial(_reset_on_return, session))


def set_autocommit(driver: Any, wanted: bool) -> None:
    """No BEGIN around statements, or one, until the connection is given back.

    By psycopg2's own flag: SQLAlchemy's isolation levels cost a round trip each time, and if that is not answered
    SQLAlchemy 2.1 loses the pool's place for good.
    """
    if driver.autocommit != wanted:
        driver.autocommit = wanted


def is_dead(driver: Any, rests_since: float) -> bool:
    """Whether a connection that rests is closed, or the server has closed it: then there is something to read."""
    if driver.closed:
        return True
    if time.monotonic() - rests_since < CHECK_IDLE_AFTER:
        return False
    poller = select.poll()
    poller.register(driver.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _connect(
    dialer: Dialer,
    session: Session,
    _dialect: object,
    _record: ConnectionPoolEntry,
    _arguments: object,
    parameters: dict[str, Any],
) -> Any:
    """A connection within what is left of the thread's budget, which goes on to limit what it is used for."""
    bounded = deadline.current()
    options = f"{parameters.get('options', '')} {_options(session)}".strip()
    wanted = {"target_session_attrs": "read-write", **CONNECTION_PARAMETERS, **parameters, "options": options}
    driver = dialer.dial(wanted, bounded.until if bounded else None)
    if bounded:
        bounded.on(driver)
    try:
        _refuse_unfit(driver, session)
    except BaseException:
        driver.close()
        raise
    return driver


def _options(session: Session) -> str:
    settings = SERVICE_SETTINGS if session is Session.SERVICE else {}
    return " ".join(f"-c {name}={value}" for name, value in {**settings, SESSION_MARK: session.value}.items())


def _refuse_unfit(driver: Any, session: Session) -> None:
    """Raises Refused where the database is not UTF-8, or the settings have not reached the session."""
    if driver.info.parameter_status("server_encoding") != "UTF8":
        raise Refused(ENCODING)
    with driver.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [SESSION_MARK])
        if cursor.fetchone() != (session.value,):
            raise Refused(POOLER)
    driver.rollback()


def _default_autocommit(session: Session, driver: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    set_autocommit(driver, session is Session.SERVICE)


def _refuse_dead(driver: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let the pool take a new connection instead of one that is dead."""
    if is_dead(driver, record.info.get(_RESTS_SINCE, 0.0)):
        raise DisconnectionError


def _reset_on_return(session: Session, driver: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    if state.terminate_only or driver.closed:
        return
    if driver.get_transaction_status() != TRANSACTION_STATUS_IDLE:
        driver.rollback()
    set_autocommit(driver, session is Session.SERVICE)
    record.info[_RESTS_SINCE] = time.monotonic()
