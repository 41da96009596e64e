"""Tables of uploads in pieces: what an upload is to become, how far it is, and the parts that an S3 has of it."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import NAME_LENGTH as CALLER_NAME_LENGTH
from app.database.model import Base
from app.objects.models import KEY_LENGTH
from app.packages.models import (
    CONTENT_TYPE_LENGTH,
    DESCRIPTION_LENGTH,
    FILE_NAME_LENGTH,
    FINGERPRINT_LENGTH,
    NAME_LENGTH,
    VERSION_LENGTH,
    text_column,
)

ID_LENGTH = 32
"""Hex digits: 128 random bits."""

IS_OPEN = text("state = 'open'")


class UploadRecord(Base):
    """One upload.

    `offset` bytes are durable: whole parts of `part_size` under `object_key`, which an upload of one part has not, and
    the rest as an object of its own under `tail_key`. It reaches `length` in the commit that publishes, and not before.
    Whoever raises `epoch` is the one writer. `hash_state` is that of the SHA-256 at `offset`; NULL: not known, the
    finished object is read. `received_checksum`: all bytes had come, with this SHA-256, and were being put together.
    `held_until`: a request receives a piece, and is waited for until then by whoever takes over; `expires_at` while
    nobody has asked, NULL while nobody receives.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(ID_LENGTH, collation="C"), primary_key=True)
    owner: Mapped[str] = text_column(30)
    created_by: Mapped[str] = mapped_column(String(CALLER_NAME_LENGTH))
    name: Mapped[str] = text_column(NAME_LENGTH)
    version: Mapped[str] = text_column(VERSION_LENGTH)
    platform: Mapped[str] = text_column(20)
    arch: Mapped[str] = text_column(20)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_LENGTH))
    content_type: Mapped[str] = mapped_column(String(CONTENT_TYPE_LENGTH))
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH))
    checksum: Mapped[str | None] = mapped_column(String(64))
    sent_metadata: Mapped[str] = mapped_column("metadata", Text)
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    hash_state: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash_format: Mapped[str] = mapped_column(String(30))
    received_checksum: Mapped[str | None] = mapped_column(String(64))
    object_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH, collation="C"))
    part_size: Mapped[int] = mapped_column(BigInteger)
    tail_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH, collation="C"))
    tail_fingerprint: Mapped[str | None] = mapped_column(String(FINGERPRINT_LENGTH))
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    held_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(6), server_default="open")
    package_id: Mapped[int | None] = mapped_column(BigInteger)
    is_new: Mapped[bool | None]
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    touched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'failed')", name="state"),
        CheckConstraint('"offset" >= 0 AND ("offset" < length OR state <> \'open\')', name="offset"),
        Index("ix_uploads_owner", "owner", "created_at", "id", postgresql_where=IS_OPEN),
        Index("ix_uploads_open", "created_at", "id", postgresql_where=IS_OPEN),
        Index("ix_uploads_expires_at", "expires_at"),
    )


class UploadPart(Base):
    """A part that an S3 has, for the upload's completion."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[str] = mapped_column(
        String(ID_LENGTH, collation="C"), ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    etag: Mapped[str] = mapped_column(String(255))
    crc32c: Mapped[str] = mapped_column(String(8))
