"""A roll-out of the catalogue's that is over: the brake stopped it, and it was rolled back. No duty looks after it."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from app.console.policy_form import default_policy

ROLLOUT = 9001
"""Its id, above those of roll-outs that tests begin."""

ADD = text("""
INSERT INTO rollouts (id, channel_id, channel, from_id, to_id, changes, policy, state, reason, stage, stages,
                      created_at, created_by, started_at, ended_at)
SELECT :id, id, name, 1, 2, CAST(:changes AS jsonb), CAST(:policy AS jsonb), 'rolled_back', :reason, 2,
       CAST(:stages AS jsonb), :begun, 'maria', :begun, :begun + interval '1 hour'
FROM channels WHERE name = 'stable'
""")
CHOOSE = text("""
INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state, cause, error, offered_at, answered_at)
SELECT :id, instance_uid, 1 + number % 2, CASE status WHEN 'failed' THEN 'bad' ELSE 'good' END,
       CASE status WHEN 'failed' THEN 'failed' END, error, :begun, :begun + number * interval '1 minute'
FROM (
    SELECT instance_uid, status, error, row_number() OVER (ORDER BY instance_uid) AS number
    FROM agents JOIN agent_packages USING (instance_uid) WHERE platform = 'linux' AND arch IN ('amd64', 'arm')
) AS chosen
""")
NOTE = text("""
INSERT INTO rollout_events (rollout_id, at, by, by_kind, action, stage, reason)
VALUES (:id, :begun, 'maria', 'user', 'started', 0, NULL),
       (:id, :begun + interval '1 minute', 'service', 'service', 'stage', 1, NULL),
       (:id, :begun + interval '20 minutes', 'service', 'service', 'stage', 2, NULL),
       (:id, :begun + interval '50 minutes', 'service', 'service', 'brake', 2, :reason),
       (:id, :begun + interval '1 hour', 'maria', 'user', 'rollback', 2, 'not built for arm')
""")


def add_rollout(connection: Connection, package: str, before: str, after: str) -> None:
    """Put it into the catalogue, whose channels and agents are there."""
    begun = datetime.now(UTC) - timedelta(hours=5)
    policy = default_policy()
    times = [(begun.isoformat(), 1), ((begun + timedelta(minutes=20)).isoformat(), 9), (None, None)]
    stages = [
        {**stage, "opened_at": opened, "good_since": None, "places": places}
        for stage, (opened, places) in zip((*policy["stages"][:2], {}), times, strict=True)
    ]
    changes = [{"name": package, "platform": "linux", "arch": "amd64", "from": before, "to": after}]
    reason = "9 of 49 agents are bad, most often: failed (exec format error)."
    texts = {"changes": json.dumps(changes), "policy": json.dumps(policy), "stages": json.dumps(stages)}
    for statement in (ADD, CHOOSE, NOTE):
        wanted = {"id": ROLLOUT, "begun": begun, "reason": reason, **texts}
        connection.execute(statement, {name: wanted[name] for name in statement.compile().params})
