"""Places of agents in PostgreSQL: what one agent's turn reads and changes of a roll-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from app.packages.platforms import ANY_ARCH, canonical_arch, canonical_platform
from app.rollouts import editions
from app.rollouts.models import IS_OPEN
from app.rollouts.outcome import Outcome
from app.rollouts.policy import Policy
from app.rollouts.rows import RolloutRow, commit_durably
from app.rollouts.should_have import Standing

_STANDING = f"""
SELECT channels.stable_id AS stable, r.id AS rollout, r.to_id AS "to", r.stage, r.is_open, r.policy,
       r.state = 'running' AND coalesce(clock_timestamp() < r.moves_until, false) AS moves,
       m.state AS place, coalesce(m.due <= clock_timestamp(), false) AS is_due,
       m.was_healthy, m.ill_since, m.cause,
       (SELECT id FROM editions WHERE id = %(edition)s AND channel_id = channels.id AND withdrawn IS NULL
            AND id > channels.stable_id) AS edition,
       EXISTS (SELECT FROM editions WHERE id = %(edition)s AND withdrawn IS NOT NULL) AS goes_back
FROM channels
LEFT JOIN rollouts r ON r.channel_id = channels.id AND r.{IS_OPEN}
LEFT JOIN rollout_agents m ON m.rollout_id = r.id AND m.instance_uid = %(instance_uid)s::uuid
WHERE channels.name = %(channel)s
"""  # noqa: S608 - made of constants
"""A statement after the one that takes the agent's row: its snapshot begins after the message has come."""

_CLAIM = """
UPDATE rollout_agents SET state = 'busy', offered_at = now(), was_healthy = %(was_healthy)s
WHERE rollout_id = %(rollout)s AND instance_uid = %(instance_uid)s::uuid AND state = 'waiting'
RETURNING 1
"""
_JOIN = """
INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state, due, offered_at, was_healthy)
VALUES (%(rollout)s, %(instance_uid)s::uuid, %(stage)s, 'busy', now(), now(), %(was_healthy)s)
ON CONFLICT DO NOTHING RETURNING 1
"""
_LEAVE = """
DELETE FROM rollout_agents
WHERE rollout_id = %(rollout)s AND instance_uid = %(instance_uid)s::uuid AND state = 'waiting'
"""
_ANSWER = """
UPDATE rollout_agents
SET state = %(state)s, cause = %(cause)s, error = %(error)s, ill_since = %(ill_since)s,
    answered_at = CASE WHEN %(state)s = 'busy' THEN answered_at ELSE now() END,
    forgiven = forgiven AND %(state)s <> 'good'
WHERE rollout_id = %(rollout)s AND instance_uid = %(instance_uid)s::uuid
"""
_RETURNED = """
UPDATE rollout_agents SET state = 'returned'
WHERE instance_uid = %(instance_uid)s::uuid AND state IN ('busy', 'good', 'bad')
  AND EXISTS (
      SELECT FROM rollouts r WHERE r.id = rollout_id
      AND (r.to_id = %(edition)s OR r.replaced_ids @> to_jsonb(%(edition)s::bigint))
  )
"""

_GIVEN = "(SELECT edition_id FROM agent_polls WHERE instance_uid = %(instance_uid)s::uuid)"
_STANDING_OF_GIVEN = _STANDING.replace("%(edition)s", _GIVEN)

_CARRY = text(
    """
    INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state, cause, error, was_healthy, ill_since, due,
                                offered_at, answered_at, forgiven)
    SELECT :new, m.instance_uid, 1, m.state, m.cause, m.error, m.was_healthy, m.ill_since, m.due,
           m.offered_at, m.answered_at, m.forgiven
    FROM rollout_agents m JOIN agents a USING (instance_uid)
    WHERE m.rollout_id = :old AND m.state IN ('busy', 'good', 'bad')
      AND (a.platform, a.arch) IN (SELECT * FROM unnest(CAST(:platforms AS text[]), CAST(:archs AS text[])))
    ON CONFLICT DO NOTHING
    """
)
_PLATFORMS = text("SELECT DISTINCT platform, arch FROM agents WHERE channel = :channel")


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept of an agent's place beside its state."""

    was_healthy: bool | None
    ill_since: datetime | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Situation:
    """An agent in its channel as it is now: `goes_back`: the edition that it was given last has been withdrawn."""

    standing: Standing
    place: Place
    policy: Policy | None
    goes_back: bool


def situation(connection: Connection, channel: str, instance_uid: UUID, edition: int | None) -> Situation | None:
    """The agent's situation; None if its channel has no edition. `edition`: what it was given last."""
    values = {"channel": channel, "instance_uid": str(instance_uid), "edition": edition}
    row = connection.exec_driver_sql(_STANDING, values).one_or_none()
    if row is None or row.stable is None:
        return None
    policy = None if row.policy is None else Policy.of(row.policy)
    return Situation(_standing(row), Place(row.was_healthy, row.ill_since, row.cause), policy, row.goes_back)


def _standing(row: Any) -> Standing:
    return Standing(
        stable=row.stable,
        edition=row.edition,
        rollout=row.rollout,
        to=row.to,
        stage=row.stage or 0,
        moves=bool(row.moves),
        is_open=bool(row.is_open),
        place=row.place,
        is_due=row.is_due,
    )


class Places:
    """The places of one agent, in its own transaction. Its poll row is held, the roll-out's is not."""

    def __init__(self, connection: Connection, standing: Standing, instance_uid: UUID) -> None:
        self._connection = connection
        self._values = {"rollout": standing.rollout, "stage": standing.stage, "instance_uid": str(instance_uid)}

    def claim(self, *, was_healthy: bool | None) -> bool:
        """Take the place that the agent was given; False if it was taken back meanwhile."""
        commit_durably(self._connection)
        return self._run(_CLAIM, was_healthy=was_healthy)

    def join(self, *, was_healthy: bool | None) -> bool:
        """Make the agent a place in the last stage."""
        return self._run(_JOIN, was_healthy=was_healthy)

    def leave(self) -> None:
        """Give up a place that the agent does not need."""
        self._connection.exec_driver_sql(_LEAVE, self._values)

    def answer(self, outcome: Outcome) -> None:
        """Note how the agent fares."""
        fields = {"state": outcome.state, "cause": outcome.cause, "error": outcome.error}
        self._connection.exec_driver_sql(_ANSWER, {**self._values, **fields, "ill_since": outcome.ill_since})

    def _run(self, statement: str, **values: Any) -> bool:
        return self._connection.exec_driver_sql(statement, {**self._values, **values}).one_or_none() is not None


def note_return(connection: Connection, instance_uid: UUID, edition: int) -> None:
    """The agent has the stable edition again, after the way back from `edition`."""
    connection.exec_driver_sql(_RETURNED, {"instance_uid": str(instance_uid), "edition": edition})


def platforms(connection: Connection, channel: str) -> Sequence[tuple[str, str]]:
    """The platforms and archs of the channel's agents, as they are kept."""
    return [(row.platform, row.arch) for row in connection.execute(_PLATFORMS, {"channel": channel})]


def carry_over(connection: Connection, old: RolloutRow, new: RolloutRow) -> None:
    """Those keep their places for whom the new edition is what the replaced one was."""
    before, after = (editions.content_of(connection, rollout.to_id) for rollout in (old, new))
    if before is None or after is None:
        return
    same = [pair for pair in platforms(connection, new.channel) if not before.differs(after, *of_agent(*pair))]
    columns = {"platforms": [pair[0] for pair in same], "archs": [pair[1] for pair in same]}
    connection.execute(_CARRY, {"old": old.id, "new": new.id, **columns})


def of_agent(platform: str, arch: str) -> tuple[str, str]:
    """The platform and arch whose files an agent gets, of what is kept of it: an unknown arch gets those for `any`."""
    return canonical_platform(platform) or "", canonical_arch(arch) or ANY_ARCH


def edition_of(connection: Connection, channel: str, instance_uid: UUID) -> int | None:
    """The edition that the agent was given, None if the channel has none; nothing is changed by asking."""
    values = {"channel": channel, "instance_uid": str(instance_uid)}
    row = connection.exec_driver_sql(_STANDING_OF_GIVEN, values).one_or_none()
    if row is None or row.stable is None:
        return None
    standing = _standing(row)
    if standing.rollout is not None and standing.place not in (None, "waiting"):
        return standing.to
    return standing.edition if standing.rollout is not None and standing.edition else standing.stable
