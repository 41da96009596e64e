"""What the service does in the background by itself, so that no operator needs to think of it."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from app.database import deadline
from app.errors import Unavailable
from app.objects.reconcile import RECONCILE_LOCK
from app.wiring import EXTENSION, Services

INTERVAL = 15 * 60
"""Seconds between two runs of one worker; all replicas share a lock for each chore, so that one does it at a time."""

ALLOWANCE = 600.0
"""Seconds that one chore may wait for PostgreSQL altogether."""

RETENTION_LOCK = 0x6167656E74
"""The advisory lock under which silent agents are removed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done now and then, by one worker of one replica at a time; what `run` returns is logged."""

    name: str
    lock: int
    run: Callable[[Services], object]


CHORES = (
    Chore("reconcile", RECONCILE_LOCK, lambda parts: parts.reconciler.run()),
    Chore("remove silent agents", RETENTION_LOCK, lambda parts: parts.agents.manager.remove_silent()),
)


def start(app: Flask) -> threading.Event:
    """Do all chores every INTERVAL seconds in a thread of its own, until the returned event is set."""
    parts: Services = app.extensions[EXTENSION]
    stopped = threading.Event()
    duty = threading.Thread(target=_repeat, args=(parts, INTERVAL, stopped), name="duty", daemon=True)
    duty.start()
    return stopped


def _repeat(parts: Services, interval: float, stopped: threading.Event) -> None:
    # Workers that start together need not come together each time.
    while not stopped.wait(interval * random.uniform(0.8, 1.2)):  # noqa: S311 - no secret hangs on it
        for chore in CHORES:
            _attempt(chore, parts)


def _attempt(chore: Chore, parts: Services) -> None:
    deadline.allow(ALLOWANCE)
    try:
        run_alone(chore, parts)
    except Unavailable as error:
        log.warning("%s could not run: %s", chore.name, error.detail)
    except Exception:  # a duty that died would be missed by no one
        log.exception("%s failed", chore.name)


def run_alone(chore: Chore, parts: Services) -> bool:
    """Do the chore unless another worker or replica is at it; returns whether it was done."""
    with parts.database.exclusively(chore.lock, wait=False) as ours:
        if ours:
            log.info("%s: %s", chore.name, chore.run(parts))
        return ours
