"""Tables of agents: what each reports of itself, the state of its conversation, and its packages.

What every poll changes is in a narrow table of its own, none of whose indexes it touches: PostgreSQL then updates the
row in its page and nothing else (HOT). Room for that is left in the pages.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
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
from app.channels.models import CHANNEL_NAME_LENGTH
from app.database.model import Base
from app.packages.models import text_column

TEXT_LENGTH = 255
"""Characters that are kept of names, versions and platforms that agents report."""

STATUSES = ("installed", "installing", "downloading", "failed", "pending")


PREFIX_ATTRIBUTES = ("host.name", "service.instance.id")
"""Attributes by whose beginning agents are found."""


def prefix_column(attribute: str) -> str:
    """SQL for the attribute as its index has it: ASCII in small letters, and short enough, whatever agents send."""
    return f"""lower(left(attributes ->> '{attribute}', {TEXT_LENGTH}) COLLATE "C")"""


def uid_column(**options: Any) -> "Mapped[uuid.UUID]":
    """An agent's instance_uid that goes when the agent goes."""
    agent = ForeignKey("agents.instance_uid", ondelete="CASCADE")
    return mapped_column(UUID(as_uuid=True), agent, primary_key=True, **options)


class Agent(Base):
    """What an agent says of itself, and the channel that it was last found to belong to."""

    __tablename__ = "agents"
    __table_args__ = (
        Index("ix_agents_channel", "channel", "instance_uid"),
        Index("ix_agents_fleet", "channel", "platform", "arch"),
        Index("ix_agents_platform", "platform", "instance_uid"),
        Index("ix_agents_arch", "arch", "instance_uid"),
        *(
            Index(f"ix_agents_{attribute.replace('.', '_')}", text(prefix_column(attribute)))
            for attribute in PREFIX_ATTRIBUTES
        ),
    )

    instance_uid: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    health: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    platform: Mapped[str] = text_column(TEXT_LENGTH)
    arch: Mapped[str] = text_column(TEXT_LENGTH)
    channel: Mapped[str | None] = mapped_column(String(CHANNEL_NAME_LENGTH, collation="C"))


class AgentPoll(Base):
    """Where the conversation with an agent stands.

    `owner_name` and `owner_kind` tell who spoke for it last, None for one of before they were kept.
    `sequence_num` is the last message's, as a signed number, None before the first; `answer` the flags of what was
    answered to it. `offered_hash` is the offer that was sent last: `delivered` tells whether the agent has it,
    `unanswered` how many messages have come without telling so, `asked` whether its full state was then asked for.
    `settled_version` is the offers' version at which nothing was left to say before `wake_at`. `edition_id` is the
    edition that the agent was given last, where its channel has roll-outs.
    """

    __tablename__ = "agent_polls"
    __table_args__ = {"postgresql_with": {"fillfactor": 70}}  # noqa: RUF012 - SQLAlchemy's own form

    instance_uid: Mapped[uuid.UUID] = uid_column()
    sequence_num: Mapped[int | None] = mapped_column(BigInteger)
    last_seen: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    capabilities: Mapped[int] = mapped_column(BigInteger)
    owner_name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    owner_kind: Mapped[str | None] = mapped_column(String(5))
    disconnected: Mapped[bool] = mapped_column(server_default=false())
    answer: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    offered_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    delivered: Mapped[bool] = mapped_column(server_default=false())
    unanswered: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    asked: Mapped[bool] = mapped_column(server_default=false())
    settled_version: Mapped[int | None] = mapped_column(BigInteger)
    wake_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    edition_id: Mapped[int | None] = mapped_column(BigInteger)


class AgentPackage(Base):
    """A package that an agent has, or has been offered: `offered_hash` is the hash in the last offer sent.

    `status` is judged against that offer. After a failure `retry_at` tells when it is offered again; None from then
    until the agent reports.
    """

    __tablename__ = "agent_packages"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(repr(status) for status in STATUSES)})", name="status"),
        Index("ix_agent_packages_name", "name", "version", "instance_uid"),
        Index("ix_agent_packages_version", "version", "instance_uid"),
        Index("ix_agent_packages_installed", "has_hash"),
        Index("ix_agent_packages_offered", "offered_hash", "status"),
        Index(
            "ix_agent_packages_not_installed",
            *("status", "instance_uid"),
            postgresql_where=text("status <> 'installed'"),
        ),
    )

    instance_uid: Mapped[uuid.UUID] = uid_column()
    name: Mapped[str] = mapped_column(String(TEXT_LENGTH, collation="C"), primary_key=True)
    version: Mapped[str | None] = mapped_column(String(TEXT_LENGTH, collation="C"))
    has_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(11))
    error: Mapped[str | None] = mapped_column(Text)
    offered_version: Mapped[str | None] = mapped_column(String(TEXT_LENGTH, collation="C"))
    offered_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
