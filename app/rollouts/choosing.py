"""Choosing the agents of a stage, letting them go, and waking them: each a statement, whatever the number of agents."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.rollouts import editions
from app.rollouts.places import of_agent, platforms
from app.rollouts.policy import Stage
from app.rollouts.rows import RolloutRow

COUNTED = 0x8 | 0x10
"""OpAMP's capabilities AcceptsPackages and ReportsPackageStatuses: who lacks one can't answer."""

WAKE_BATCH = 5000

ONLINE = "NOT p.disconnected AND p.last_seen > now() - make_interval(secs => :silence)"

_IN_SCOPE = """
    a.channel = :channel
    AND (a.platform, a.arch) IN (SELECT * FROM unnest(CAST(:platforms AS text[]), CAST(:archs AS text[])))
    AND NOT EXISTS (
        SELECT FROM jsonb_each(CAST(:match AS jsonb)) wanted
        WHERE a.attributes -> wanted.key IS DISTINCT FROM wanted.value
    )
"""
_MAY_HAVE = f"p.capabilities & {COUNTED} = {COUNTED} AND p.edition_id IS DISTINCT FROM :to"

# Whether an agent has a place is looked up by the primary key, agent by agent: joined, a table that has just grown by
# tens of thousands of rows is taken for an empty one, and read again for each agent.
_PLACE = "(SELECT m.state FROM rollout_agents m WHERE m.rollout_id = :id AND m.instance_uid = a.instance_uid)"

# The order is by platform first and last by a hash: the same agents on every instance, others for each edition.
_CHOOSE = text(
    f"""
    INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state)
    SELECT :id, instance_uid, :stage, 'waiting' FROM (
        SELECT *, row_number() OVER (ORDER BY place IS NULL, rank, digest) AS overall FROM (
            SELECT *, count(*) OVER (PARTITION BY platform, arch) AS everyone,
                   row_number() OVER (PARTITION BY platform, arch ORDER BY place IS NULL, held DESC, digest) AS rank
            FROM (
                SELECT a.instance_uid, a.platform, a.arch, {_PLACE} AS place,
                       coalesce(p.edition_id = ANY(:replaced), false) AS held,
                       sha256(int8send(:to) || uuid_send(a.instance_uid)) AS digest,
                       {_MAY_HAVE} AND {ONLINE} AS may_be_chosen
                FROM agents a JOIN agent_polls p USING (instance_uid) WHERE {_IN_SCOPE}
            ) AS agents
            WHERE place IS NOT NULL OR may_be_chosen
        ) AS candidates
    ) AS ranked
    WHERE place IS NULL
      AND (CAST(:percent AS numeric) IS NULL OR rank <= ceil(everyone * CAST(:percent AS numeric) / 100))
      AND (CAST(:agents AS bigint) IS NULL OR overall <= :agents)
    ORDER BY overall LIMIT :free
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - made of constants
)
_AGENTS = f"""
    FROM (
        SELECT {_PLACE} AS place, {_MAY_HAVE} AS may_have, {ONLINE} AS is_online
        FROM agents a JOIN agent_polls p USING (instance_uid) WHERE {_IN_SCOPE}
    ) AS agents
"""  # noqa: S608 - made of constants
_KNOWN = text(
    f"""
    SELECT count(*) AS known, count(*) FILTER (WHERE place IS NOT NULL OR is_online) AS present
    {_AGENTS} WHERE place IS NOT NULL OR may_have
    """
)
_STILL_TO_COME = text(
    f"""
    SELECT count(*) FILTER (WHERE place IS DISTINCT FROM 'busy') AS waiting,
           count(*) FILTER (WHERE is_online) AS unanswered
    {_AGENTS} WHERE place IS NULL AND may_have OR place IN ('waiting', 'busy')
    """  # noqa: S608 - made of constants
)
_OFFLINE = text(
    f"""
    SELECT count(*) {_AGENTS} WHERE NOT is_online AND (place IS NULL AND may_have OR place = 'waiting')
    """
)
_HELD = text("SELECT count(*) FROM rollout_agents WHERE rollout_id = :id")
_LET_GO = text(
    f"""
    UPDATE rollout_agents SET due = now() WHERE rollout_id = :id AND instance_uid = ANY (ARRAY(
        SELECT m.instance_uid FROM rollout_agents m JOIN agent_polls p USING (instance_uid)
        WHERE m.rollout_id = :id AND m.state = 'waiting' AND m.due IS NULL AND {ONLINE}
        LIMIT :free FOR UPDATE OF m SKIP LOCKED
    ))
    """  # noqa: S608 - made of constants
)
_UNANSWERED = text(
    """
    SELECT count(*) AS chosen, count(*) FILTER (WHERE due IS NOT NULL) AS let_go
    FROM rollout_agents WHERE rollout_id = :id AND state IN ('waiting', 'busy')
    """
)
_WAKE = text(
    """
    UPDATE agent_polls SET settled_version = NULL WHERE instance_uid = ANY (ARRAY(
        SELECT p.instance_uid FROM rollout_agents m JOIN agent_polls p USING (instance_uid)
        WHERE m.rollout_id = :id AND p.settled_version IS NOT NULL AND (
            m.state = 'waiting' AND m.due IS NOT NULL AND :moves
            OR m.state = 'bad' AND m.cause = 'silent' AND p.last_seen > m.answered_at
        )
        LIMIT :batch FOR UPDATE OF p SKIP LOCKED
    ))
    """
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The agents that a roll-out changes something for: those of its channel, on some platforms."""

    rollout: int
    channel: str
    to: int
    replaced: list[int]
    pairs: list[tuple[str, str]]
    silence: int
    """Seconds without a message after which an agent is offline."""

    @classmethod
    def of(cls, connection: Connection, rollout: RolloutRow, silence: int) -> "Scope":
        """The scope of a roll-out, by the platforms that its channel's agents have now."""
        before, after = (editions.content_of(connection, edition) for edition in (rollout.from_id, rollout.to_id))
        found = [] if before is None or after is None else platforms(connection, rollout.channel)
        pairs = [pair for pair in found if before and after and before.differs(after, *of_agent(*pair))]
        return cls(rollout.id, rollout.channel, rollout.to_id, rollout.replaced_ids, pairs, silence)

    def values(self, match: dict[str, Any] | None = None) -> dict[str, Any]:
        """The parameters of the statements above."""
        columns = {"platforms": [pair[0] for pair in self.pairs], "archs": [pair[1] for pair in self.pairs]}
        return {
            "id": self.rollout,
            "channel": self.channel,
            "to": self.to,
            "silence": self.silence,
            **columns,
            "match": json.dumps(match or {}),
        }


def choose(connection: Connection, scope: Scope, number: int, stage: Stage, free: int | None) -> int:
    """Give places of stage `number` to agents, at most `free` of them; returns how many.

    The transaction holds the roll-out's advisory lock: two choosers do not see each other's places.
    """
    percent = None if stage.percent is None else str(stage.percent)
    values = {**scope.values(stage.match), "stage": number, "replaced": scope.replaced, "percent": percent}
    return connection.execute(_CHOOSE, {**values, "agents": stage.agents, "free": free}).rowcount


def known(connection: Connection, scope: Scope, match: dict[str, Any] | None) -> tuple[int, int]:
    """How many agents a stage may choose among, online or not, and how many of them are online or have a place."""
    row = connection.execute(_KNOWN, scope.values(match)).one()
    return row.known, row.present


def still_to_come(connection: Connection, scope: Scope) -> tuple[int, int]:
    """How many agents have not been offered the new edition; how many are online that have not answered."""
    row = connection.execute(_STILL_TO_COME, scope.values()).one()
    return row.waiting, row.unanswered


def offline(connection: Connection, scope: Scope) -> int:
    """How many agents that have not been offered the new edition are offline."""
    return int(connection.execute(_OFFLINE, scope.values()).scalar_one())


def held(connection: Connection, rollout_id: int) -> int:
    """How many places are taken, whatever has become of them."""
    return int(connection.execute(_HELD, {"id": rollout_id}).scalar_one())


def unanswered(connection: Connection, rollout_id: int) -> tuple[int, int]:
    """How many agents are chosen that have not answered, and how many of them were let go."""
    row = connection.execute(_UNANSWERED, {"id": rollout_id}).one()
    return row.chosen, row.let_go


def let_go(connection: Connection, rollout_id: int, silence: int, at_once: int | None) -> int:
    """Let agents go that are online, while at most `at_once` have not answered; returns how many."""
    free = None if at_once is None else max(0, at_once - unanswered(connection, rollout_id)[1])
    return connection.execute(_LET_GO, {"id": rollout_id, "silence": silence, "free": free}).rowcount


def wake(connection: Connection, rollout_id: int, *, moves: bool) -> int:
    """Let the next poll take the long way of agents that were let go, and of silent ones that speak again.

    Returns how many, at most WAKE_BATCH.
    """
    return connection.execute(_WAKE, {"id": rollout_id, "batch": WAKE_BATCH, "moves": moves}).rowcount
