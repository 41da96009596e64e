"""How Alembic reaches the database: the app's engine, one advisory lock, a transaction for each revision.

Migrations run beside traffic: a lock that is not free soon is given up and asked for again after a pause, since
everything that comes later would queue behind the one that waits.
"""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from alembic import context
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.database import schema
from app.database.condition import told
from app.database.dialer import Dialer
from app.database.engine import unpooled
from app.database.failures import failure_of
from migrations.online import LOCK_TIMEOUT

MIGRATION_LOCK = 0x6F70616D70
"""Any number, the same for all: two migrations at once take turns, and the second finds nothing left to do."""

TURN = 0.2
"""Seconds after which one that waits for its turn asks again."""

PAUSE = 2.0
"""Seconds for which traffic flows before the lock is asked for again."""

NOT_GRANTED = {"55P03", "40P01"}
"""SQLSTATEs: lock_not_available, deadlock_detected."""

log = logging.getLogger("app.migrations")


class Plan:
    """The steps from where the database is to the target, each taken off when it is committed.

    Found once: a relative target (`-2`) would name another revision after the first of them.
    """

    def __init__(self, find: Callable[..., Iterable[Any]]) -> None:
        self._find = find
        self._steps: deque[Any] | None = None

    def __call__(self, heads: tuple[str, ...], migration_context: Any) -> Iterator[Any]:
        """What is left to do; Alembic commits a step before it asks for the next."""
        if self._steps is None:
            self._steps = deque(self._find(heads, migration_context))
        while self._steps:
            yield self._steps[0]
            self._steps.popleft()


def is_modelled(_item: object, name: str | None, kind: str, *_: object) -> bool:
    """Whether the models know of it: the trigram indexes are there only where pg_trgm is."""
    return not (kind == "index" and (name or "").endswith("_trigrams"))


@contextlib.contextmanager
def turn(engine: Engine) -> Iterator[None]:
    """Hold the migration lock for the block.

    It is asked for again and again: CREATE INDEX CONCURRENTLY would wait for a statement that waits. A transaction
    holds it, not a session, which a pooler might hand on with it.
    """
    with engine.connect() as connection:
        while not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK}):
            connection.rollback()
            time.sleep(TURN)
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield


def limit_waiting(connection: Connection) -> None:
    """Give each transaction's locks LOCK_TIMEOUT; what runs CONCURRENTLY is in none, and holds up nobody."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")


def migrate(connection: Connection) -> None:
    """Take all steps; a failure undoes the one that failed."""
    extension = current_app.extensions["migrate"]
    context.configure(
        connection=connection,
        target_metadata=extension.db.metadata,
        include_object=is_modelled,
        transaction_per_migration=True,
        **extension.configure_args,
    )
    migration_context = context.get_context()
    migration_context._migrations_fn = Plan(migration_context._migrations_fn)  # noqa: SLF001 - it has no other way in
    while not finished(connection):
        log.warning("a lock was not free within %d ms; trying again in %.0f s", LOCK_TIMEOUT, PAUSE)
        time.sleep(PAUSE)


def finished(connection: Connection) -> bool:
    """Whether no lock was in the way of what is left to do."""
    try:
        with context.begin_transaction():
            context.run_migrations()
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) not in NOT_GRANTED:
            raise
        connection.rollback()
        return False
    connection.commit()
    return True


def run() -> None:
    """Print the SQL with `--sql`, else migrate the configured database."""
    extension = current_app.extensions["migrate"]
    if context.is_offline_mode():
        context.configure(url=str(extension.db.engine.url), target_metadata=extension.db.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    dialer = Dialer()
    engine = unpooled(extension.db.engine.url, dialer)
    try:
        if not is_to_be_left(engine):
            with turn(engine), engine.connect() as connection:
                event.listen(connection, "begin", limit_waiting)
                migrate(connection)
    except DBAPIError as error:
        failure = failure_of(error.orig)
        if failure is None:
            raise
        raise click.ClickException(f"{failure.sentence} {told(error.orig, dialer.server)}") from error


def is_to_be_left(engine: Engine) -> bool:
    """Whether this is an upgrade of a schema that is newer already; says so."""
    command = click.get_current_context(silent=True)
    if command is not None and command.info_name != "upgrade":
        return False
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if not schema.is_newer(revision):
        return False
    click.echo(
        f"Warning: a newer version of the service has migrated this database (revision {revision}). It stays as it is.",
        err=True,
    )
    return True


run()
