"""Periodic background jobs, one replica at a time (advisory lock), so that no operator needs a cron job."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.database import Database, deadline
from app.errors import Unavailable

INTERVAL = 15 * 60
"""Seconds between two runs of one worker; all replicas share a lock for each job, so that one does it at a time."""

BUDGET = 600.0
"""Seconds that one job may wait for PostgreSQL altogether."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done now and then, by one worker of one replica at a time; what `run` returns is logged."""

    name: str
    lock: int
    run: Callable[[], object]


def start(database: Database, jobs: Sequence[Job]) -> threading.Event:
    """Do all jobs every INTERVAL seconds in a thread of its own, until the returned event is set."""
    stopped = threading.Event()
    arguments = (database, jobs, INTERVAL, stopped)
    threading.Thread(target=_repeat, args=arguments, name="background jobs", daemon=True).start()
    return stopped


def _repeat(database: Database, jobs: Sequence[Job], interval: float, stopped: threading.Event) -> None:
    # Workers that start together need not come together each time.
    while not stopped.wait(interval * random.uniform(0.8, 1.2)):  # noqa: S311 - no secret hangs on it
        for job in jobs:
            _attempt(database, job)


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
