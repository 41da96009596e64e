"""Retention of places: those of roll-outs that were over long ago go, their counts are kept."""

from dataclasses import dataclass

from sqlalchemy import text

from app.database import Database

BATCH = 10_000

_COUNT = text(
    """
    UPDATE rollouts SET counts = coalesce(counts, '{}') || coalesce((
        SELECT jsonb_object_agg(state, number) FROM (
            SELECT state, count(*) AS number FROM rollout_agents m WHERE m.rollout_id = rollouts.id GROUP BY state
        ) AS states
    ), '{}')
    WHERE id = :id
    """
)
_OLD = text(
    """
    SELECT id FROM rollouts WHERE ended_at < now() - make_interval(secs => :seconds)
    AND EXISTS (SELECT FROM rollout_agents m WHERE m.rollout_id = rollouts.id) ORDER BY id LIMIT 1
    """
)
_COUNTED = text("SELECT counts ? 'counted' FROM rollouts WHERE id = :id")
_NOTE = text("UPDATE rollouts SET counts = counts || '{\"counted\": 1}' WHERE id = :id")
_REMOVE = text(
    """
    DELETE FROM rollout_agents WHERE rollout_id = :id AND instance_uid = ANY (ARRAY(
        SELECT instance_uid FROM rollout_agents WHERE rollout_id = :id LIMIT :batch
    ))
    """
)


@dataclass(frozen=True, slots=True)
class OldPlaces:
    """Removes places; `seconds` after their roll-out was over."""

    database: Database
    seconds: int

    def remove(self) -> int:
        """Returns how many. Raises DatabaseUnavailable."""
        removed = 0
        while batch := self._remove_some():
            removed += batch
        return removed

    def _remove_some(self) -> int:
        with self.database.writing() as connection:
            found = connection.scalar(_OLD, {"seconds": self.seconds})
            if found is None:
                return 0
            if not connection.scalar(_COUNTED, {"id": found}):
                connection.execute(_COUNT, {"id": found})
                connection.execute(_NOTE, {"id": found})
            return connection.execute(_REMOVE, {"id": found, "batch": BATCH}).rowcount
