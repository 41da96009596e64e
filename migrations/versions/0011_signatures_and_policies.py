"""Signatures beside packages, the policies that ask for them, and what both come to on each package's row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SORTS = ("created_at", "name", "version_key")
DELIVERY = ("signature varchar(11)", "seen_as varchar(255)", "version_as varchar(100)")
# 0x706F6C696379 is POLICY_LOCK of app/signatures/policy_store.py: who publishes holds it shared, so that a policy, which
# takes it alone, finds every package that was published without it.
SETTLE_NEW_PACKAGE = """
CREATE OR REPLACE FUNCTION settle_new_package() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_enforced boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(123623862526841);
    SELECT bool_or(mode = 'enforce') INTO is_enforced FROM policies
    WHERE mode <> 'off' AND NEW.name COLLATE "C" LIKE ANY (name_patterns);
    NEW.trust := CASE WHEN is_enforced IS NULL THEN 'none' ELSE 'untrusted' END;
    NEW.blocked := coalesce(is_enforced, false);
    RETURN NEW;
END
$$
"""

TRIGGERS = {
    "settle_new_package": "BEFORE INSERT ON packages FOR EACH ROW EXECUTE FUNCTION settle_new_package()",
    "note_block_change": "AFTER UPDATE OF blocked ON packages FOR EACH STATEMENT EXECUTE FUNCTION note_offer_change()",
}


def upgrade() -> None:
    online.one_by_one(
        """ALTER TABLE packages ADD COLUMN IF NOT EXISTS trust varchar(9) COLLATE "C" NOT NULL DEFAULT 'none'""",
        "ALTER TABLE packages ADD COLUMN IF NOT EXISTS blocked boolean NOT NULL DEFAULT false",
        *(f"ALTER TABLE channel_packages ADD COLUMN IF NOT EXISTS {column}" for column in DELIVERY),
    )
    for sort in SORTS:
        online.create_index(f"ix_packages_trust_{sort}", "packages", ["trust", sort, "id"])
        blocked = {"postgresql_where": sa.text("blocked")}
        online.create_index(f"ix_packages_blocked_{sort}", "packages", [sort, "id"], **blocked)
    create_policies()
    create_signatures()
    op.execute(SETTLE_NEW_PACKAGE)
    for name, events in TRIGGERS.items():
        op.execute(f"CREATE OR REPLACE TRIGGER {name} {events}")


def create_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=100, collation="C"), nullable=False),
        sa.Column("description", sa.String(length=10000), server_default="", nullable=False),
        sa.Column("packages", postgresql.JSONB(), nullable=False),
        sa.Column("name_patterns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mode", sa.String(length=7), nullable=False),
        sa.Column("signers", postgresql.JSONB(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("unsettled", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mode IN ('off', 'warn', 'enforce')", name=op.f("ck_policies_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("name", name=op.f("uq_policies_name")),
    )


def create_signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("format", sa.String(length=11), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("predicate_type", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"], ["packages.id"], name=op.f("fk_signatures_package_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("package_id", "digest", name=op.f("uq_signatures_package_id")),
    )
    op.create_table(
        "signature_verdicts",
        sa.Column("signature_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("signers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id"], ["signatures.id"], name=op.f("fk_signature_verdicts_signature_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.id"], name=op.f("fk_signature_verdicts_policy_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("signature_id", "policy_id", name=op.f("pk_signature_verdicts")),
    )
    op.create_index("ix_signature_verdicts_policy_id", "signature_verdicts", ["policy_id"])


def downgrade() -> None:
    online.one_by_one(
        *(f"DROP TRIGGER IF EXISTS {name} ON packages" for name in TRIGGERS),
        "DROP FUNCTION IF EXISTS settle_new_package()",
        *(f"DROP TABLE IF EXISTS {table}" for table in ("signature_verdicts", "signatures", "policies")),
    )
    for sort in SORTS:
        for by in ("trust", "blocked"):
            online.drop_index(f"ix_packages_{by}_{sort}")
    online.one_by_one(
        "ALTER TABLE packages DROP COLUMN IF EXISTS trust",
        "ALTER TABLE packages DROP COLUMN IF EXISTS blocked",
        *(f"ALTER TABLE channel_packages DROP COLUMN IF EXISTS {column.split()[0]}" for column in DELIVERY),
    )
