"""Warm-up of a worker: connects to PostgreSQL before the first request, so that this one does not wait for it."""

import logging

from app.database import Database, deadline
from app.errors import Unavailable

BUDGET = 5.0
"""Seconds that PostgreSQL may take; after that the worker begins without it."""

log = logging.getLogger(__name__)


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
