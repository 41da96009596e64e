"""Table of stored objects, the ledger: every key is written here before the object's first byte."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, String, func, true
from sqlalchemy.orm import Mapped, mapped_column

from app.database.model import Base

KEY_LENGTH = 64
UPLOAD_ID_LENGTH = 1024


class StoredObject(Base):
    """One key and what is to become of its bytes.

    writing: an upload is under way; partial: the same of an upload in pieces, whose row decides when it ends; live: a
    package has it; doomed: to be deleted; deleted: deleted once, kept until no write that was given up can still land,
    and deleted once more then.
    """

    __tablename__ = "objects"
    __table_args__ = (
        CheckConstraint("state IN ('writing', 'partial', 'live', 'doomed', 'deleted')", name="state"),
        Index("ix_objects_unsettled", "state", "changed_at", postgresql_where="state <> 'live'"),
    )

    key: Mapped[str] = mapped_column(String(KEY_LENGTH, collation="C"), primary_key=True)
    state: Mapped[str] = mapped_column(String(7))
    upload_id: Mapped[str | None] = mapped_column(String(UPLOAD_ID_LENGTH))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LastReconcile(Base):
    """The one row that says when reconcile ended last, and how many uploads and objects it was about."""

    __tablename__ = "last_reconcile"
    __table_args__ = (CheckConstraint("is_only", name="is_only"),)

    is_only: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    finished_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    given_up: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)


class DatabaseIdentity(Base):
    """The one row that says which database this is; see app.objects.identity."""

    __tablename__ = "database_identity"
    __table_args__ = (CheckConstraint("is_only", name="is_only"),)

    is_only: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    identity: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
