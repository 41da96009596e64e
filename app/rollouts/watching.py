"""Watching the agents of a roll-out: who has fallen silent or ill, is late, has left, or gives up its place."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from app.rollouts.policy import Policy
from app.rollouts.rows import RolloutRow

_CHOSEN = "SELECT m.instance_uid FROM rollout_agents m LEFT JOIN agents a USING (instance_uid) {polls} WHERE "
_ROWS = "rollout_id = :id AND instance_uid = ANY (ARRAY({query} FOR UPDATE OF m SKIP LOCKED))"

_POLLS = "LEFT JOIN agent_polls p USING (instance_uid)"
_GONE = "m.rollout_id = :id AND m.state IN ('busy', 'good', 'bad') AND a.channel IS DISTINCT FROM :channel"
_AWAY = """
    m.rollout_id = :id AND m.state = 'waiting' AND (
        a.channel IS DISTINCT FROM :channel OR p.instance_uid IS NULL OR p.disconnected
        OR p.last_seen <= now() - make_interval(secs => :silence)
    )
"""
_LATE = """
    m.rollout_id = :id AND m.state = 'busy' AND m.answered_at IS NULL AND NOT m.forgiven
    AND m.offered_at < now() - make_interval(secs => :deadline)
"""
_SILENT = """
    m.rollout_id = :id AND m.state IN ('busy', 'good') AND NOT p.disconnected
    AND p.last_seen < now() - make_interval(secs => :silence)
    AND p.last_seen < m.offered_at + make_interval(secs => (CAST(:soaks AS int[]))[m.stage])
"""
_ILL = """
    m.rollout_id = :id AND m.state IN ('busy', 'good')
    AND m.ill_since < now() - make_interval(secs => :silence)
"""


def _query(condition: str, polls: str = _POLLS) -> str:
    return _ROWS.format(query=_CHOSEN.format(polls=polls) + condition)


def _bad(cause: str, condition: str) -> Any:
    error = "(SELECT health ->> 'last_error' FROM agents a WHERE a.instance_uid = rollout_agents.instance_uid)"
    told = f"nullif({error}, '')" if cause == "unhealthy" else "NULL"
    changes = f"state = 'bad', cause = '{cause}', error = {told}, answered_at = now()"
    return text(f"UPDATE rollout_agents SET {changes} WHERE {_query(condition)}")  # noqa: S608 - made of constants


_LEFT = text(f"UPDATE rollout_agents SET state = 'gone' WHERE {_query(_GONE, '')}")  # noqa: S608 - made of constants
_FREE = text(f"DELETE FROM rollout_agents WHERE {_query(_AWAY)}")  # noqa: S608 - made of constants
_CAUSES = {"late": _bad("late", _LATE), "silent": _bad("silent", _SILENT), "unhealthy": _bad("unhealthy", _ILL)}


def free_places(connection: Connection, rollout: RolloutRow, silence: int) -> int:
    """Take back the places of agents that went offline before they were offered anything; returns how many."""
    values = {"id": rollout.id, "channel": rollout.channel, "silence": silence}
    return connection.execute(_FREE, values).rowcount


def note_left(connection: Connection, rollout: RolloutRow) -> None:
    """Those that left the channel, or were forgotten, count no more, but keep their places."""
    connection.execute(_LEFT, {"id": rollout.id, "channel": rollout.channel})


def note_bad(connection: Connection, rollout: RolloutRow, policy: Policy, silence: int) -> Iterator[tuple[str, int]]:
    """Note who is late, silent or unhealthy, by cause and number."""
    soaks = [policy.soak_of(stage) for stage in range(1, len(policy.stages) + 1)]
    values = {"id": rollout.id, "silence": silence, "deadline": policy.deadline, "soaks": soaks}
    for cause, statement in _CAUSES.items():
        if cause == "late" or cause in policy.watch:
            found = connection.execute(statement, values).rowcount
            if found:
                yield cause, found
