"""Figures of a roll-out besides its row: by stage and platform, failures by message, history, who is offline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
_HISTORY = text(
    """
    SELECT greatest(0, ceil(extract(epoch FROM answered_at - :since) / :step))::int AS steps,
           count(*) FILTER (WHERE state = 'good' OR state = 'returned' AND cause IS NULL) AS good,
           count(*) FILTER (WHERE state = 'bad' OR state = 'returned' AND cause IS NOT NULL) AS bad
    FROM rollout_agents WHERE rollout_id = :id AND state IN ('good', 'bad', 'returned') AND answered_at IS NOT NULL
    GROUP BY 1 ORDER BY 1
    """
)


@dataclass(frozen=True, slots=True)
class Insight:
    """`tally`: what the brake counts. `outcomes`: agents by stage, platform, arch and state. `failures`: bad agents by
    cause, error (200 characters of it), platform and arch.
    """

    tally: Tally
    outcomes: Sequence[Row[Any]]
    failures: Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class RolloutInsight:
    """Reads it. `silence`: seconds until an agent is offline. Every method may raise DatabaseUnavailable."""

    database: Database
    silence: int

    def of(self, rollout_id: int) -> Insight:
        """What has become of the agents that were chosen; nothing where there is no such roll-out."""
        with self.database.reading() as connection:
            return Insight(
                tally(connection, rollout_id),
                connection.execute(_OUTCOMES, {"id": rollout_id}).all(),
                connection.execute(_FAILURES, {"id": rollout_id, "most": MOST}).all(),
            )

    def history(self, rollout_id: int, since: datetime, step: int) -> Sequence[Row[Any]]:
        """How many agents became good and bad in each of the steps of so many seconds since then: steps, good, bad.

        By when each agent's present state began; those that have gone back count as what they were before.
        """
        with self.database.reading() as connection:
            return connection.execute(_HISTORY, {"id": rollout_id, "since": since, "step": step}).all()

    def offline(self, rollout_id: int) -> int:
        """How many agents wait for it and are offline; 0 once it is over. It looks at all agents of the channel."""
        is_open = Rollout.state.in_(OPEN_STATES)
        with self.database.reading() as connection:
            statement = select(*Rollout.__table__.columns).where(Rollout.id == rollout_id, is_open)
            row = connection.execute(statement).one_or_none()
            return 0 if row is None else offline(connection, Scope.of(connection, row, self.silence))
