"""Figures of a roll-out besides its row: outcomes by stage and platform, failures by message, offline agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, text

from app.database import Database
from app.rollouts.brake import Tally
from app.rollouts.braking import tally
from app.rollouts.choosing import Scope, offline
from app.rollouts.models import OPEN_STATES, Rollout

MOST = 200
"""Rows of failures that are read, those of most agents first."""

_OUTCOMES = text(
    """
    SELECT m.stage, coalesce(a.platform, '') AS platform, coalesce(a.arch, '') AS arch, m.state, count(*) AS agents
    FROM rollout_agents m LEFT JOIN agents a USING (instance_uid)
    WHERE m.rollout_id = :id AND m.state <> 'gone' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    """
)
_FAILURES = text(
    """
    SELECT m.cause, coalesce(left(m.error, 200), '') AS error, coalesce(a.platform, '') AS platform,
           coalesce(a.arch, '') AS arch, count(*) AS agents
    FROM rollout_agents m LEFT JOIN agents a USING (instance_uid)
    WHERE m.rollout_id = :id AND m.state = 'bad' GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Insight:
    """`tally`: what the brake counts. `outcomes`: agents by stage, platform, arch and state. `failures`: bad agents by
    cause, error (200 characters of it), platform and arch. `offline`: agents that wait for it and are offline.
    """

    tally: Tally
    outcomes: Sequence[Row[Any]]
    failures: Sequence[Row[Any]]
    offline: int


@dataclass(frozen=True, slots=True)
class RolloutInsight:
    """Reads it. `silence`: seconds until an agent is offline."""

    database: Database
    silence: int

    def of(self, rollout_id: int) -> Insight:
        """What there is of a roll-out; nothing of one that is not there. Raises DatabaseUnavailable."""
        with self.database.reading() as connection:
            row = connection.execute(select(*Rollout.__table__.columns).where(Rollout.id == rollout_id)).one_or_none()
            is_open = row is not None and row.state in OPEN_STATES
            return Insight(
                tally(connection, rollout_id),
                connection.execute(_OUTCOMES, {"id": rollout_id}).all(),
                connection.execute(_FAILURES, {"id": rollout_id, "most": MOST}).all(),
                offline(connection, Scope.of(connection, row, self.silence)) if row is not None and is_open else 0,
            )
