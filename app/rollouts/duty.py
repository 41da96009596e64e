"""The duty: every worker tries to look after the roll-outs every few seconds, one of all replicas at a time does."""

import logging
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.config.units import duration_in_seconds
from app.database import Database, deadline
from app.errors import Unavailable
from app.rollouts.look import LEASE, Look
from app.rollouts.starting import Start, hold_channel
from app.telemetry import metrics

LOOK_LOCK = 0x726F6C6C
"""The advisory lock of who looks."""

BUDGET = 60.0
"""Seconds that a look may wait for PostgreSQL."""

REST = 20
"""Times as long as the last look took, the next one waits."""

log = logging.getLogger(__name__)

_HAS_DRIFTED = """
    FROM channels c LEFT JOIN channel_drift d ON d.channel_id = c.id
    WHERE c.rollout IS NOT NULL AND (d.checked_version IS DISTINCT FROM {version} OR d.digest IS NOT NULL)
"""
_IS_DUE = """
    SELECT EXISTS (SELECT {drifted}) OR EXISTS (
        SELECT FROM rollouts WHERE state IN ('pending', 'running', 'paused')
        AND (looked_at IS NULL OR looked_at < now() - make_interval(secs => %(interval)s))
    ) AS is_due
"""
_DRIFT = text(
    "SELECT digest, since, since < now() - make_interval(secs => :quiet) AS is_over FROM channel_drift "
    "WHERE channel_id = :id"
)
_SAVE_DRIFT = text(
    """
    INSERT INTO channel_drift (channel_id, checked_version, digest, since)
    VALUES (:id, :version, :digest, CASE WHEN CAST(:digest AS text) IS NOT NULL THEN now() END)
    ON CONFLICT (channel_id) DO UPDATE SET checked_version = excluded.checked_version, digest = excluded.digest,
        since = CASE WHEN channel_drift.digest = excluded.digest THEN channel_drift.since ELSE excluded.since END
    """
)


@dataclass(frozen=True, slots=True)
class Duty:
    """Looks after channels and roll-outs every `interval` seconds; `version` is SQL for the offers' version."""

    database: Database
    look: Look
    interval: int
    version: str

    def once(self) -> bool:
        """Look, unless nothing is due or another does; returns whether it was done. Raises Unavailable."""
        # A little less than the interval: those that try in turn need not wait for the second next.
        row = self.database.rows(self._is_due, {"interval": self.interval * 0.7})[0]
        if not row.is_due:
            return False
        with self.database.exclusively(LOOK_LOCK, wait=False) as ours:
            if ours:
                self.run()
            return ours

    def run(self) -> None:
        """Look after all, whether it is due or not."""
        with metrics.rollout_look.time():
            for channel_id in self._drifted():
                with self.database.writing() as connection:
                    self._follow(connection, channel_id)
            self.look.after_all()

    @property
    def _is_due(self) -> str:
        return _IS_DUE.format(drifted=_HAS_DRIFTED.format(version=self.version))

    def _drifted(self) -> list[int]:
        query = "SELECT c.id" + _HAS_DRIFTED.format(version=self.version)
        return [row.id for row in self.database.rows(query, {})]

    def _follow(self, connection: Connection, channel_id: int) -> None:
        """Start a roll-out once the channel's list has come to the same for long enough."""
        version = connection.exec_driver_sql(f"SELECT {self.version}").scalar_one()
        channel = hold_channel(connection, channel_id)
        if channel is None or channel.rollout is None:
            return
        quiet = duration_in_seconds(channel.rollout["quiet"])
        before: Any = connection.execute(_DRIFT, {"id": channel_id, "quiet": quiet}).one_or_none()

        def settled(digest: str) -> bool:
            return quiet == 0 or (before is not None and before.digest == digest and bool(before.is_over))

        found = Start(connection, channel).follow(None, settled)
        connection.execute(_SAVE_DRIFT, {"id": channel_id, "version": version, "digest": found.digest})


def start(duty: Duty) -> threading.Event:
    """Do the duty in a thread of its own, until the returned event is set."""
    stopped = threading.Event()
    threading.Thread(target=_repeat, args=(duty, stopped), name="roll-outs", daemon=True).start()
    return stopped


def _repeat(duty: Duty, stopped: threading.Event) -> None:
    rest = 0.0
    # Workers that start together need not come together each time.
    while not stopped.wait(max(rest, duty.interval * random.uniform(0.8, 1.2))):  # noqa: S311 - no secret hangs on it
        rest = rest_after(attempt(duty), duty.interval)


def rest_after(seconds: float, interval: int) -> float:
    """Seconds to rest after a look that took so many: never so long that the lease of a roll-out runs out.

    Without that bound a look of three seconds, which choosing half of a large fleet takes, would be followed by a
    minute in which the roll-out stands still: as long as the lease, at the default interval.
    """
    return min(REST * seconds, LEASE * interval / 2)


def attempt(duty: Duty) -> float:
    """Look once; returns how many seconds the look took, 0 if there was none, or PostgreSQL did not answer."""
    deadline.set_budget(BUDGET)
    started = time.monotonic()
    try:
        looked = duty.once()
        return time.monotonic() - started if looked else 0.0
    except Unavailable as error:
        log.warning("the look after roll-outs could not be taken: %s", error.detail)
    except Exception:  # a thread that died would be missed by no one
        log.exception("the look after roll-outs failed")
    return 0.0
