"""The packages table: all that list, detail and download need, in one row."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.model import Base
from app.objects.models import KEY_LENGTH
from app.packages.versions import MAX_KEY_LENGTH

NAME_LENGTH = 255
VERSION_LENGTH = 50
FILE_NAME_LENGTH = 255
CONTENT_TYPE_LENGTH = 255
DESCRIPTION_LENGTH = 10_000
FINGERPRINT_LENGTH = 255
KIND_LENGTH = 10
TRUST_LENGTH = 9

SORTS = ("created_at", "name", "version_key")
FILTERS: tuple[tuple[str, ...], ...] = (
    *(("name",), ("version",), ("platform",), ("arch",), ("is_active",), ("trust",)),
    ("platform", "arch"),
)
"""What an index can have in front of a sort."""

BEHIND: dict[tuple[str, ...], tuple[str, ...]] = {
    ("version",): ("platform", "arch", "is_active"),
    ("is_active",): ("platform", "arch"),
    ("platform", "arch"): ("is_active",),
}
"""What such an index has behind the sort: a combination that is rare is found without looking at the table's rows."""


def text_column(length: int) -> "Mapped[str]":
    """A column that compares by code point, as names sort."""
    return mapped_column(String(length, collation="C"))


class Package(Base):
    """A published package. `object_key` and `fingerprint` say where its bytes are and what they looked like.

    `trust` and `blocked`: what its signatures come to by the policies (app/signatures/), kept by whatever changes
    either; a trigger sets them when it is published.
    """

    __tablename__ = "packages"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = text_column(NAME_LENGTH)
    version: Mapped[str] = text_column(VERSION_LENGTH)
    version_key: Mapped[str] = text_column(MAX_KEY_LENGTH)
    is_prerelease: Mapped[bool]
    platform: Mapped[str] = text_column(20)
    arch: Mapped[str] = text_column(20)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_LENGTH))
    file_size: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str] = text_column(64)
    content_type: Mapped[str] = mapped_column(String(CONTENT_TYPE_LENGTH))
    object_key: Mapped[str] = text_column(KEY_LENGTH)
    fingerprint: Mapped[str] = mapped_column(String(FINGERPRINT_LENGTH))
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH), server_default="")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    damaged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by: Mapped[str] = mapped_column(String(100))
    created_by_kind: Mapped[str] = mapped_column(String(KIND_LENGTH), server_default="user")
    trust: Mapped[str] = mapped_column(String(TRUST_LENGTH, collation="C"), server_default="none")
    blocked: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        UniqueConstraint("name", "version", "platform", "arch", name="uq_packages_coordinates"),
        UniqueConstraint("object_key"),
        CheckConstraint("file_size >= 0", name="file_size"),
        CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name="checksum"),
        CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9._+-]*$'", name="name"),
        CheckConstraint("version ~ '^[A-Za-z0-9][A-Za-z0-9._+~-]*$'", name="version"),
        CheckConstraint("length(file_name) > 0", name="file_name"),
        *(Index(f"ix_packages_sort_{sort}", sort, "id") for sort in SORTS),
        *(
            Index(f"ix_packages_{'_'.join(by)}_{sort}", *by, sort, "id", *BEHIND.get(by, ()))
            for by in FILTERS
            for sort in SORTS
            if by != (sort,)
        ),
        Index("ix_packages_damaged", "id", postgresql_where=text("damaged_at IS NOT NULL")),
        *(Index(f"ix_packages_blocked_{sort}", sort, "id", postgresql_where=text("blocked")) for sort in SORTS),
        Index(
            "ix_packages_latest",
            *("name", "platform", "arch"),
            text("version_key DESC"),
            text("id DESC"),
            postgresql_where=text("is_active AND NOT is_prerelease"),
        ),
        Index(
            "ix_packages_latest_prerelease",
            *("name", "platform", "arch"),
            text("version_key DESC"),
            text("id DESC"),
            postgresql_where=text("is_active"),
        ),
    )


class ScrubRun(Base):
    """One reading of every object; without `finished_at` it is to be continued."""

    __tablename__ = "scrub_runs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
