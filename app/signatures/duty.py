"""Background verification: checks every few seconds whether signatures wait for it. One replica at a time does it."""

import logging
import random
import threading

from app.database import deadline
from app.errors import Unavailable
from app.signatures.settling import SETTLE_LOCK, Settler

INTERVAL = 5.0
"""Seconds between two looks of one worker: two reads of an index."""

LOOK_BUDGET = 5.0
WORK_BUDGET = 600.0
"""Seconds that a look, and the work, may wait for PostgreSQL."""

log = logging.getLogger(__name__)


def start(settler: Settler) -> threading.Event:
    """Look and work in a thread of its own, until the returned event is set."""
    stopped = threading.Event()
    threading.Thread(target=_repeat, args=(settler, stopped), name="signatures", daemon=True).start()
    return stopped


def _repeat(settler: Settler, stopped: threading.Event) -> None:
    # Workers that start together need not look together.
    while not stopped.wait(INTERVAL * random.uniform(0.8, 1.2)):  # noqa: S311 - no secret hangs on it
        try:
            look(settler)
        except Unavailable as error:
            log.warning("signatures that wait could not be checked: %s", error.detail)
        except Exception:  # a thread that died would be missed by no one
            log.exception("signatures that wait could not be checked")


def look(settler: Settler) -> bool:
    """Check what waits, unless another worker or replica is at it; whether it was done. Raises DatabaseUnavailable."""
    deadline.set_budget(LOOK_BUDGET)
    if not settler.has_work():
        return False
    deadline.set_budget(WORK_BUDGET)
    with settler.database.exclusively(SETTLE_LOCK, wait=False) as ours:
        if ours:
            log.info("signatures: checked those of %d packages", settler.run())
        return ours
