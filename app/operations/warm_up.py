"""Warm-up of a worker: connects to PostgreSQL before the first request, so that this one does not wait for it."""

import logging

import psycopg2
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from app.database import Database, deadline
from app.database.dialer import Dialer
from app.database.engine import unpooled
from app.database.failures import failure_of
from app.errors import Unavailable

BUDGET = 5.0
"""Seconds that PostgreSQL may take; after that the worker begins without it."""

log = logging.getLogger(__name__)


def refuse_unfit(url: str) -> None:
    """Stop the start with one line (SystemExit) where the service could lose what it is given to that database.

    A database that does not answer is no reason: the service starts without it.
    """
    engine = unpooled(make_url(url), Dialer())
    try:
        with deadline.budget(BUDGET), deadline.Bounded(), engine.connect():
            pass
    except (DBAPIError, psycopg2.Error) as error:
        failure = failure_of(getattr(error, "orig", error))
        if failure is not None and failure.stops_start:
            raise SystemExit(f"opamp-packages: {failure.sentence}") from error


def warm_up(database: Database) -> None:
    """Make the first connection to PostgreSQL, to which SQLAlchemy adds questions of its own.

    While several workers start on a busy machine that takes longer than a request may wait, and its silence would
    be taken for PostgreSQL's.
    """
    try:
        with deadline.budget(BUDGET):
            database.ping()
    except Unavailable as error:
        log.warning("starting without the database: %s", error.detail)
