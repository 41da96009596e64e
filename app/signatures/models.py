"""Tables of signatures, of the policies that ask for them, and of what each signature is to each policy."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import NAME_LENGTH as CALLER_NAME_LENGTH
from app.database.model import Base
from app.packages.models import DESCRIPTION_LENGTH, text_column

POLICY_NAME_LENGTH = 100
OFF, WARN, ENFORCE = MODES = ("off", "warn", "enforce")

MAX_SIGNATURES = 16
"""Of one package."""


class Signature(Base):
    """A signature file of a package, immutable and gone with it.

    The bytes are here and not in the storage: 256 KiB at most, written in the package's own commit, read by offers in
    the query that they cost anyway, and in every backup of the rows that say what they are.
    """

    __tablename__ = "signatures"
    __table_args__ = (UniqueConstraint("package_id", "digest", name="uq_signatures_package_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    package_id: Mapped[int] = mapped_column(ForeignKey("packages.id", ondelete="CASCADE"))
    digest: Mapped[str] = text_column(64)
    format: Mapped[str] = mapped_column(String(11))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    key_id: Mapped[str | None] = mapped_column(Text)
    predicate_type: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by: Mapped[str] = mapped_column(String(CALLER_NAME_LENGTH))


class Policy(Base):
    """Whose signatures the packages of some names need.

    `name_patterns`: its globs for LIKE. `revision` is raised when its signers change: verdicts of another one do not
    count. `unsettled`: patterns of packages that do not have its present state yet, null once all have.
    """

    __tablename__ = "policies"
    __table_args__ = (CheckConstraint("mode IN ('off', 'warn', 'enforce')", name="mode"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(POLICY_NAME_LENGTH, collation="C"), unique=True)
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH), server_default="")
    packages: Mapped[list[str]] = mapped_column(JSONB)
    name_patterns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mode: Mapped[str] = mapped_column(String(7))
    signers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unsettled: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SignatureVerdict(Base):
    """A signature that was looked at for a policy: the names of the signers that accept it, none perhaps."""

    __tablename__ = "signature_verdicts"

    signature_id: Mapped[int] = mapped_column(ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policies.id", ondelete="CASCADE"), primary_key=True, index=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    signers: Mapped[list[str]] = mapped_column(ARRAY(Text))
