"""Tables of roll-outs: editions, roll-outs, the places of agents in them, and what happened."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import NAME_LENGTH
from app.database.model import Base

OPEN_STATES = ("pending", "running", "paused")
ENDED_STATES = ("complete", "rolled_back", "replaced", "cancelled")
STATES = (*OPEN_STATES, *ENDED_STATES)
PLACE_STATES = ("waiting", "busy", "good", "bad", "returned", "gone")
CAUSES = ("failed", "unhealthy", "silent", "late")
KINDS = ("user", "token", "service")

IS_OPEN = f"state IN ({', '.join(repr(state) for state in OPEN_STATES)})"


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


def moment(**options: Any) -> "Mapped[datetime]":
    """A time, now by default."""
    return mapped_column(DateTime(timezone=True), server_default=func.now(), **options)


def other_moment() -> "Mapped[datetime | None]":
    """A time that may be missing."""
    return mapped_column(DateTime(timezone=True))


class Edition(Base):
    """A channel's list, resolved and frozen; `content` is app.rollouts.content's.

    `withdrawn`: its agents go back to the stable edition, after a roll-back or since a yank left no difference.
    """

    __tablename__ = "editions"
    __table_args__ = (Index("ix_editions_channel_id", "channel_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    withdrawn: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = moment()


class ChannelDrift(Base):
    """What a channel's list resolved to at the last look, by a digest, and since when.

    A table of its own: changes of `channels` raise the offers' version.
    """

    __tablename__ = "channel_drift"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    checked_version: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str | None] = mapped_column(String(64))
    since: Mapped[datetime | None] = other_moment()


class Rollout(Base):
    """One channel's way from one edition to the next.

    `places`: how many agents may have been offered the new edition in this stage; None in the last. `is_open`: in the
    last stage, agents are let go without having been chosen. `moves_until`: nobody is let go after it, unless a look
    renews it. `counts`: the places' states once their rows are gone.
    """

    __tablename__ = "rollouts"
    __table_args__ = (
        _one_of("state", STATES),
        Index("uq_rollouts_open", "channel_id", unique=True, postgresql_where=text(IS_OPEN)),
        Index("ix_rollouts_channel", "channel", "id"),
        Index("ix_rollouts_state", "state", "id"),
        Index("ix_rollouts_to_id", "to_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id", ondelete="SET NULL"))
    channel: Mapped[str] = mapped_column(String(100, collation="C"))
    from_id: Mapped[int] = mapped_column(BigInteger)
    to_id: Mapped[int] = mapped_column(BigInteger)
    replaced_ids: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(11))
    reason: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    places: Mapped[int | None] = mapped_column(BigInteger)
    good_since: Mapped[datetime | None] = other_moment()
    is_open: Mapped[bool] = mapped_column(server_default=false())
    moves_until: Mapped[datetime | None] = other_moment()
    moves_at: Mapped[datetime | None] = other_moment()
    not_before: Mapped[datetime | None] = other_moment()
    looked_at: Mapped[datetime | None] = other_moment()
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = moment()
    created_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    started_at: Mapped[datetime | None] = other_moment()
    ended_at: Mapped[datetime | None] = other_moment()


class RolloutAgent(Base):
    """A place: an agent that may have the new edition.

    No foreign key to `agents`: a place of an agent that is forgotten stays taken. `due`: when the agent was let go.
    `forgiven`: it was bad when the roll-out was resumed, and counts no more while it is.
    """

    __tablename__ = "rollout_agents"
    __table_args__ = (
        _one_of("state", PLACE_STATES),
        Index("ix_rollout_agents_state", "rollout_id", "state"),
        Index("ix_rollout_agents_instance_uid", "instance_uid"),
    )

    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollouts.id", ondelete="CASCADE"), primary_key=True)
    instance_uid: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    stage: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(8))
    cause: Mapped[str | None] = mapped_column(String(9))
    error: Mapped[str | None] = mapped_column(Text)
    was_healthy: Mapped[bool | None]
    ill_since: Mapped[datetime | None] = other_moment()
    due: Mapped[datetime | None] = other_moment()
    offered_at: Mapped[datetime | None] = other_moment()
    answered_at: Mapped[datetime | None] = other_moment()
    forgiven: Mapped[bool] = mapped_column(server_default=false())


class RolloutEvent(Base):
    """What happened to a roll-out, and who did it; `service` for what it did itself."""

    __tablename__ = "rollout_events"
    __table_args__ = (
        _one_of("by_kind", KINDS),
        Index("ix_rollout_events_rollout_id", "rollout_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollouts.id", ondelete="CASCADE"))
    at: Mapped[datetime] = moment()
    by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    by_kind: Mapped[str] = mapped_column(String(7))
    action: Mapped[str] = mapped_column(String(10))
    stage: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str | None] = mapped_column(Text)
