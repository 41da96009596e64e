"""The reconciler as a background duty of the service: no operator needs to think of it."""

import logging
import random
import threading

from flask import Flask

from app import waiting
from app.errors import Unavailable
from app.objects.reconcile import RECONCILE_LOCK, Reconciler
from app.wiring import EXTENSION, Services

INTERVAL = 15 * 60
"""Seconds between two runs of one worker; all replicas share one lock, so that one runs at a time."""

ALLOWANCE = 600.0
"""Seconds that one run may wait for PostgreSQL altogether."""

log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Event:
    """Reconcile every INTERVAL seconds in a thread of its own, until the returned event is set."""
    parts: Services = app.extensions[EXTENSION]
    stopped = threading.Event()
    duty = threading.Thread(target=_repeat, args=(parts, INTERVAL, stopped), name="reconcile", daemon=True)
    duty.start()
    return stopped


def _repeat(parts: Services, interval: float, stopped: threading.Event) -> None:
    # Workers that start together need not come together each time.
    while not stopped.wait(interval * random.uniform(0.5, 1)):  # noqa: S311 - no secret hangs on it
        waiting.allow(ALLOWANCE)
        try:
            run_alone(parts.reconciler)
        except Unavailable as error:
            log.warning("reconcile could not run: %s", error.detail)
        except Exception:  # a duty that died would be missed by no one
            log.exception("reconcile failed")


def run_alone(reconciler: Reconciler) -> bool:
    """Reconcile unless another worker or replica is at it; returns whether it ran."""
    with reconciler.ledger.database.exclusively(RECONCILE_LOCK, wait=False) as ours:
        if ours:
            outcome = reconciler.run()
            log.info("reconciled: %s", outcome)
        return ours
