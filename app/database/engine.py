"""The engine's connections: their settings, how they rest, and what keeps dead ones from being used.

A connection that serves requests rests in autocommit mode, and is given back without a ROLLBACK if there is nothing
to roll back: reads are most of what is asked, and each turn to the driver gives up Python's lock, which many threads
wait for.
"""

import select
import time
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState, QueuePool

from app.database import deadline, read_gate

POOL_TIMEOUT = 1.0
"""Seconds to wait for one of the pool's connections."""

SURELY_ALIVE = 0.05
"""Seconds of rest after which it is looked whether the server has closed a connection."""

SERVICE_SETTINGS = {
    "lock_timeout": "1200",
    "idle_in_transaction_session_timeout": "5000",
    # Each query of a request stands on an index: one whose matches the planner misjudges must not read a whole table,
    # nor be compiled or handed to other processes for longer than it runs.
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # What is prepared has one plan that is right for all parameters; a LIMIT that it does not know would let the
    # planner go on planning.
    "plan_cache_mode": "force_generic_plan",
}
"""PostgreSQL settings (times in ms) of sessions that serve requests; commands and migrations have none."""

APPLICATION = {"application_name": "opamp-packages"}

KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

_RESTS_IN_AUTOCOMMIT = "opamp_packages.autocommit"
_RESTS_SINCE = "opamp_packages.rests_since"


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
        "pool_reset_on_return": None,  # `_lay_to_rest` does
        "use_native_hstore": False,  # saves each new connection three round trips
        "connect_args": {**APPLICATION, **KEEPALIVES},
    }


def prepare(engine: Engine) -> None:
    """Let the engine's connections be as this module says."""
    event.listen(engine, "do_connect", _leave_lane)
    event.listen(engine, "do_connect", _limit_service_sessions)
    event.listen(engine, "connect", _choose_rest)
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "reset", _lay_to_rest)


def set_autocommit(driver: Any, wanted: bool) -> None:
    """No BEGIN around statements, or one, until the connection is given back.

    By psycopg2's own flag: SQLAlchemy's isolation levels cost a round trip each time, and if that is not answered
    SQLAlchemy 2.1 loses the pool's place for good.
    """
    if driver.autocommit != wanted:
        driver.autocommit = wanted


def _is_for_requests() -> bool:
    return deadline.left() is not None


def _leave_lane(*_: object) -> None:
    """To connect takes its time, and to find the server's address may take more."""
    read_gate.leave()


def _limit_service_sessions(
    _dialect: object, _record: ConnectionPoolEntry, _arguments: object, parameters: dict[str, Any]
) -> None:
    if _is_for_requests():
        parameters["options"] = " ".join(f"-c {name}={value}" for name, value in SERVICE_SETTINGS.items())


def _choose_rest(driver: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS_IN_AUTOCOMMIT] = _is_for_requests()
    set_autocommit(driver, record.info[_RESTS_IN_AUTOCOMMIT])


def is_dead(driver: Any, rests_since: float) -> bool:
    """Whether the server has closed a connection that rests: then there is something to read."""
    if time.monotonic() - rests_since < SURELY_ALIVE:
        return False
    poller = select.poll()
    poller.register(driver.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _refuse_dead(driver: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let the pool take a new connection instead of one that is dead."""
    if is_dead(driver, record.info.get(_RESTS_SINCE, 0.0)):
        raise DisconnectionError


def _lay_to_rest(driver: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    if state.terminate_only or driver.closed:
        return
    if driver.get_transaction_status() != TRANSACTION_STATUS_IDLE:
        driver.rollback()
    set_autocommit(driver, record.info[_RESTS_IN_AUTOCOMMIT])
    record.info[_RESTS_SINCE] = time.monotonic()
