"""Rows of roll-outs: read, held, changed, ended; and what is told of it in events, logs and metrics."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.rollouts.models import OPEN_STATES, Edition, Rollout, RolloutEvent
from app.telemetry import metrics

RolloutRow = Row[Any]

SERVICE = "service"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class By:
    """Who does something: the name of a user or token, or the service itself."""

    name: str = SERVICE
    kind: str = SERVICE


ITSELF = By()

STOPS: dict[str, Any] = {"moves_until": None, "moves_at": None, "good_since": None}
"""Columns of a roll-out that lets nobody go."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a roll-out, in its present stage unless another is named."""

    action: str
    by: By = ITSELF
    reason: str | None = None
    stage: int | None = None


_DURABLY = text("SET LOCAL synchronous_commit TO DEFAULT")
_WITHOUT_OFFER = text("DELETE FROM rollout_agents WHERE rollout_id = :id AND state = 'waiting'")


def hold(connection: Connection, rollout_id: int) -> RolloutRow | None:
    """The roll-out, which nobody else changes until the commit.

    FOR NO KEY UPDATE: places, which refer to it, are made meanwhile. Who needs the channel's row too takes it before,
    and editions after.
    """
    statement = select(*Rollout.__table__.columns).where(Rollout.id == rollout_id)
    return connection.execute(statement.with_for_update(key_share=True)).one_or_none()


def hold_open(connection: Connection, channel_id: int) -> RolloutRow | None:
    """The channel's roll-out that is not over, held likewise; None without one. Its channel's row is held already."""
    statement = select(Rollout.id).where(Rollout.channel_id == channel_id, Rollout.state.in_(OPEN_STATES))
    found = connection.scalar(statement)
    row = None if found is None else hold(connection, found)
    return row if row is not None and row.state in OPEN_STATES else None


def commit_durably(connection: Connection) -> None:
    """Let the transaction's commit wait for the disk, though it is an agent's turn, which else does not.

    A crash of PostgreSQL would give a place that was taken to another agent, or let a stopped roll-out run on.
    """
    connection.execute(_DURABLY)


def change(connection: Connection, rollout_id: int, **values: Any) -> None:
    """Change columns. Naming `is_open` raises the offers' version: each agent asks anew."""
    connection.execute(update(Rollout).where(Rollout.id == rollout_id).values(**values))


def shown_stage(stage: int) -> int:
    """The stage that a roll-out is in, from 1: one that no look has come to yet, 0 in its row, is in its first."""
    return max(1, stage)


DELAYED: Any = case((Rollout.not_before > func.now(), Rollout.not_before))
"""`moves_at` of one that somebody has put off, until a look says it."""


def delay(connection: Connection, rollout_id: int, moment: datetime) -> None:
    """Let nobody go before that moment."""
    was_put_off = Rollout.moves_at == Rollout.not_before
    moves_at = case((func.now() < moment, moment), (was_put_off, None), else_=Rollout.moves_at)
    change(connection, rollout_id, not_before=moment, moves_until=None, moves_at=moves_at)


def note(connection: Connection, rollout: RolloutRow, event: Event) -> None:
    """Note an event, and tell of it."""
    stage = shown_stage(rollout.stage) if event.stage is None else event.stage
    values = {"by": event.by.name, "by_kind": event.by.kind, "action": event.action, "reason": event.reason}
    connection.execute(insert(RolloutEvent).values(rollout_id=rollout.id, stage=stage, **values))
    metrics.count_rollout_event(rollout.channel, event.action)
    level = logging.WARNING if event.action == "brake" else logging.INFO
    said = f": {event.reason}" if event.reason else ""
    told = (rollout.id, rollout.channel, event.action, stage, event.by.name, said)
    log.log(level, "roll-out %d of %s: %s in stage %d by %s%s", *told)


def end(connection: Connection, rollout: RolloutRow, state: str, event: Event) -> None:
    """End it: places that were never offered the edition are gone, and no agent is let go any more."""
    connection.execute(_WITHOUT_OFFER, {"id": rollout.id})
    change(connection, rollout.id, state=state, reason=event.reason, ended_at=func.now(), **STOPS)
    note(connection, rollout, event)


def withdraw(connection: Connection, rollout: RolloutRow, why: str) -> None:
    """Send the agents of its new edition, and of those that it has replaced, back to the stable one, at once."""
    gone = [rollout.to_id, *rollout.replaced_ids]
    connection.execute(update(Edition).where(Edition.id.in_(gone)).values(withdrawn=why))
    change(connection, rollout.id, is_open=False)


def pause(connection: Connection, rollout: RolloutRow, event: Event) -> None:
    """Let nobody go."""
    change(connection, rollout.id, state="paused", reason=event.reason, **STOPS)
    if rollout.is_open:
        change(connection, rollout.id, is_open=False)
    note(connection, rollout, event)


def roll_back(connection: Connection, rollout: RolloutRow, event: Event) -> None:
    """End it, and send all back."""
    end(connection, rollout, "rolled_back", event)
    withdraw(connection, rollout, "rollback")
