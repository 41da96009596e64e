"""Table of channels: named, complete sets of packages, and the agents that each is for."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, SmallInteger, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.model import Base
from app.packages.models import DESCRIPTION_LENGTH, NAME_LENGTH, VERSION_LENGTH, text_column

CHANNEL_NAME_LENGTH = 100
SIGNATURE_LENGTH = 11
TEMPLATE_LENGTH = 100
TYPES = ("top_level", "addon")


class Channel(Base):
    """A channel. `match` has the attributes that an agent must have, each with its exact value.

    `rollout` is its policy of roll-outs in full, `stable_id` the edition that its agents have; None: they follow the
    list.
    """

    __tablename__ = "channels"
    __table_args__ = (CheckConstraint("jsonb_typeof(match) = 'object'", name="match"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(CHANNEL_NAME_LENGTH, collation="C"), unique=True)
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH), server_default="")
    match: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rollout: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stable_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ChannelPackage(Base):
    """A package of a channel; `version` is exact or `latest`, `position` its place in the list as it was sent.

    `signature`: the kind that its file is offered with. `seen_as`, `version_as`: how agents see name and version.
    """

    __tablename__ = "channel_packages"
    __table_args__ = (
        CheckConstraint("type IN ('top_level', 'addon')", name="type"),
        Index("ix_channel_packages_pin", "name", "version"),
    )

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), primary_key=True)
    version: Mapped[str] = text_column(VERSION_LENGTH)
    type: Mapped[str] = mapped_column(String(9))
    position: Mapped[int] = mapped_column(SmallInteger)
    signature: Mapped[str | None] = mapped_column(String(SIGNATURE_LENGTH))
    seen_as: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    version_as: Mapped[str | None] = mapped_column(String(TEMPLATE_LENGTH))
