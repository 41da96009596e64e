"""The brake: decided in the transaction that notes the bad agent, behind all that have failed before it."""

from sqlalchemy import Connection, text

from app.rollouts import rows
from app.rollouts.brake import Tally, brakes
from app.rollouts.policy import Policy
from app.rollouts.rows import Event, RolloutRow

_TALLY = text(
    """
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'busy' AND NOT forgiven) AS busy,
           count(*) FILTER (WHERE state = 'good') AS good,
           count(*) FILTER (WHERE state = 'bad' AND NOT forgiven) AS bad,
           count(*) FILTER (WHERE state <> 'waiting') AS offered
    FROM rollout_agents WHERE rollout_id = :id
    """
)


def tally(connection: Connection, rollout_id: int) -> Tally:
    """The places as they are, those noted by this transaction included."""
    return Tally(*connection.execute(_TALLY, {"id": rollout_id}).one())


def stop(connection: Connection, rollout: RolloutRow, policy: Policy, reason: str) -> None:
    """What the policy does when too many fare badly. The roll-out's row is held."""
    rows.commit_durably(connection)
    if policy.rolls_back:
        rows.roll_back(connection, rollout, Event("brake", reason=reason))
    else:
        rows.pause(connection, rollout, Event("brake", reason=reason))


def brake(connection: Connection, rollout_id: int) -> bool:
    """Stop the roll-out if too many agents are bad; returns whether it was stopped.

    Those that fail queue up at the roll-out's row, and count once they have it: so the failure that goes over the
    limit is the one that stops it.
    """
    rollout = rows.hold(connection, rollout_id)
    if rollout is None or rollout.state != "running":
        return False
    counted, policy = tally(connection, rollout_id), Policy.of(rollout.policy)
    if not brakes(policy, counted.bad, counted.offered):
        return False
    stop(
        connection, rollout, policy, f"{counted.bad} of {counted.offered} agents are bad{_why(connection, rollout_id)}."
    )
    return True


_CAUSES = text(
    """
    SELECT cause, left(error, 200) AS error, count(*) AS agents FROM rollout_agents
    WHERE rollout_id = :id AND state = 'bad' AND NOT forgiven
    GROUP BY cause, left(error, 200) ORDER BY count(*) DESC, cause, error LIMIT 1
    """
)


def _why(connection: Connection, rollout_id: int) -> str:
    """The most frequent cause."""
    row = connection.execute(_CAUSES, {"id": rollout_id}).one_or_none()
    if row is None or row.cause is None:
        return ""
    return f", most often: {row.cause}" + (f" ({row.error})" if row.error else "")
