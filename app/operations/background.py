"""Periodic background jobs, one replica at a time (advisory lock), so that no operator needs a cron job."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.database import Database, deadline
from app.errors import Unavailable

INTERVAL = 15 * 60
"""Seconds between two runs of one worker; all replicas share a lock for each job, so that one does it at a time."""

BUDGET = 600.0
"""Seconds that one job may wait for PostgreSQL altogether."""

SETTLE_EVERY = 2.0
"""Seconds between two tries of what is not settled."""

SETTLE_BUDGET = 5.0
"""Seconds that such a try may wait for PostgreSQL."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done now and then, by one worker of one replica at a time; what `run` returns is logged."""

    name: str
    lock: int
    run: Callable[[], object]


def start(database: Database, jobs: Sequence[Job], settle: Callable[[], bool]) -> threading.Event:
    """Do all jobs every INTERVAL seconds in a thread of its own, until the returned event is set.

    `settle` runs in each worker, at once and after each round of jobs; again every SETTLE_EVERY seconds while it
    returns False.
    """
    stopped = threading.Event()
    arguments = (database, jobs, settle, INTERVAL, stopped)
    threading.Thread(target=_repeat, args=arguments, name="background jobs", daemon=True).start()
    return stopped


def _repeat(
    database: Database,
    jobs: Sequence[Job],
    settle: Callable[[], bool],
    interval: float,
    stopped: threading.Event,
) -> None:
    while not stopped.is_set():
        # Workers that start together need not come together each time.
        next_round = time.monotonic() + interval * random.uniform(0.8, 1.2)  # noqa: S311 - no secret hangs on it
        while not _is_settled(settle) and time.monotonic() < next_round and not stopped.wait(SETTLE_EVERY):
            pass
        if stopped.wait(max(0.0, next_round - time.monotonic())):
            return
        for job in jobs:
            _attempt(database, job)


def _is_settled(settle: Callable[[], bool]) -> bool:
    deadline.set_budget(SETTLE_BUDGET)
    try:
        return settle()
    except Exception:  # a thread that died would be missed by no one
        log.exception("what has to be settled before the background jobs failed")
        return False


def _attempt(database: Database, job: Job) -> None:
    deadline.set_budget(BUDGET)
    try:
        run_alone(database, job)
    except Unavailable as error:
        log.warning("%s could not run: %s", job.name, error.detail)
    except Exception:  # a thread that died would be missed by no one
        log.exception("%s failed", job.name)


def run_alone(database: Database, job: Job) -> bool:
    """Do the job unless another worker or replica is at it; returns whether it was done."""
    with database.exclusively(job.lock, wait=False) as ours:
        if ours:
            log.info("%s: %s", job.name, job.run())
        return ours
