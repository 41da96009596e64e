"""Warm-up of a worker: connects to PostgreSQL before the first request, so that this one does not wait for it."""

import logging

from app.database import Database, deadline
from app.errors import Unavailable

BUDGET = 5.0
"""Seconds that PostgreSQL may take; after that the worker begins without it."""

GIVES_UP = 3
"""A worker's exit code after which gunicorn stops instead of starting another."""

log = logging.getLogger(__name__)


def warm_up(database: Database, *, is_start: bool = False) -> None:
    """Make the first connection to PostgreSQL, to which SQLAlchemy adds questions of its own.

    While several workers start on a busy machine that takes longer than a request may wait, and its silence would
    be taken for PostgreSQL's. `is_start`: the service starts, and is stopped (SystemExit) where it had better not run.
    """
    try:
        with deadline.budget(BUDGET):
            database.ping()
    except Unavailable as error:
        if is_start and error.stops_start:
            log.critical("The service does not start: %s", error.detail)
            raise SystemExit(GIVES_UP) from error
        log.warning("starting without the database: %s", error.detail)
