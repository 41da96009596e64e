"""The first tables."""

from alembic import op
import sqlalchemy as sa

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('login_attempts',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('login_key', sa.LargeBinary(), nullable=False),
    sa.Column('attempted_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('failed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.CheckConstraint('length(login_key) = 32', name=op.f('ck_login_attempts_login_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_attempts'))
    )
    with op.batch_alter_table('login_attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_attempts_attempted_at'), ['attempted_at'], unique=False)
        batch_op.create_index('ix_login_attempts_login_key', ['login_key', 'attempted_at'], unique=False)

    op.create_table('objects',
    sa.Column('key', sa.String(length=64, collation='C'), nullable=False),
    sa.Column('state', sa.String(length=7), nullable=False),
    sa.Column('upload_id', sa.String(length=1024), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("state IN ('writing', 'live', 'doomed', 'deleted')", name=op.f('ck_objects_state')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_objects'))
    )
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.create_index('ix_objects_unsettled', ['state', 'changed_at'], unique=False, postgresql_where="state <> 'live'")

    op.create_table('packages',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(length=255, collation='C'), nullable=False),
    sa.Column('version', sa.String(length=50, collation='C'), nullable=False),
    sa.Column('version_key', sa.String(length=255, collation='C'), nullable=False),
    sa.Column('is_prerelease', sa.Boolean(), nullable=False),
    sa.Column('platform', sa.String(length=20, collation='C'), nullable=False),
    sa.Column('arch', sa.String(length=20, collation='C'), nullable=False),
    sa.Column('file_name', sa.String(length=255), nullable=False),
    sa.Column('file_size', sa.BigInteger(), nullable=False),
    sa.Column('checksum', sa.String(length=64, collation='C'), nullable=False),
    sa.Column('content_type', sa.String(length=255), nullable=False),
    sa.Column('object_key', sa.String(length=64, collation='C'), nullable=False),
    sa.Column('fingerprint', sa.String(length=255), nullable=False),
    sa.Column('description', sa.String(length=10000), server_default='', nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('damaged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('created_by', sa.String(length=100), nullable=False),
    sa.CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name=op.f('ck_packages_checksum')),
    sa.CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9._+-]*$'", name=op.f('ck_packages_name')),
    sa.CheckConstraint("version ~ '^[A-Za-z0-9][A-Za-z0-9._+~-]*$'", name=op.f('ck_packages_version')),
    sa.CheckConstraint('file_size >= 0', name=op.f('ck_packages_file_size')),
    sa.CheckConstraint('length(file_name) > 0', name=op.f('ck_packages_file_name')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_packages')),
    sa.UniqueConstraint('name', 'version', 'platform', 'arch', name='uq_packages_coordinates'),
    sa.UniqueConstraint('object_key', name=op.f('uq_packages_object_key'))
    )
    with op.batch_alter_table('packages', schema=None) as batch_op:
        batch_op.create_index('ix_packages_arch_created_at', ['arch', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_arch_name', ['arch', 'name', 'id'], unique=False)
        batch_op.create_index('ix_packages_arch_version_key', ['arch', 'version_key', 'id'], unique=False)
        batch_op.create_index('ix_packages_is_active_created_at', ['is_active', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_is_active_name', ['is_active', 'name', 'id'], unique=False)
        batch_op.create_index('ix_packages_is_active_version_key', ['is_active', 'version_key', 'id'], unique=False)
        batch_op.create_index('ix_packages_latest', ['name', 'platform', 'arch', sa.literal_column('version_key DESC'), sa.literal_column('id DESC')], unique=False, postgresql_where=sa.text('is_active AND NOT is_prerelease'))
        batch_op.create_index('ix_packages_latest_prerelease', ['name', 'platform', 'arch', sa.literal_column('version_key DESC'), sa.literal_column('id DESC')], unique=False, postgresql_where=sa.text('is_active'))
        batch_op.create_index('ix_packages_name_created_at', ['name', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_name_version_key', ['name', 'version_key', 'id'], unique=False)
        batch_op.create_index('ix_packages_platform_created_at', ['platform', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_platform_name', ['platform', 'name', 'id'], unique=False)
        batch_op.create_index('ix_packages_platform_version_key', ['platform', 'version_key', 'id'], unique=False)
        batch_op.create_index('ix_packages_sort_created_at', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_sort_name', ['name', 'id'], unique=False)
        batch_op.create_index('ix_packages_sort_version_key', ['version_key', 'id'], unique=False)
        batch_op.create_index('ix_packages_version_created_at', ['version', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_packages_version_name', ['version', 'name', 'id'], unique=False)
        batch_op.create_index('ix_packages_version_version_key', ['version', 'version_key', 'id'], unique=False)

    op.create_table('scrub_runs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scrub_runs'))
    )
    op.create_table('tokens',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('role', sa.String(length=9), nullable=False),
    sa.Column('token_series', sa.String(length=32, collation='C'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=100), nullable=False),
    sa.CheckConstraint("role IN ('agent', 'publisher', 'admin')", name=op.f('ck_tokens_role')),
    sa.CheckConstraint("token_series ~ '^[0-9a-f]{32}$'", name=op.f('ck_tokens_token_series')),
    sa.CheckConstraint('length(name) > 0', name=op.f('ck_tokens_name')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tokens'))
    )
    op.create_table('users',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('username', sa.String(length=100, collation='C'), nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=False),
    sa.Column('role', sa.String(length=9), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('token_series', sa.String(length=32, collation='C'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("role IN ('agent', 'publisher', 'admin')", name=op.f('ck_users_role')),
    sa.CheckConstraint("token_series ~ '^[0-9a-f]{32}$'", name=op.f('ck_users_token_series')),
    sa.CheckConstraint("username ~ '^[A-Za-z0-9._@-]+$'", name=op.f('ck_users_username')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('username', name=op.f('uq_users_username'))
    )
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.create_index('ix_users_active_admins', ['id'], unique=False, postgresql_where=sa.text("role = 'admin' AND is_active"))



def downgrade() -> None:
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_index('ix_users_active_admins', postgresql_where=sa.text("role = 'admin' AND is_active"))

    op.drop_table('users')
    op.drop_table('tokens')
    op.drop_table('scrub_runs')
    with op.batch_alter_table('packages', schema=None) as batch_op:
        batch_op.drop_index('ix_packages_version_version_key')
        batch_op.drop_index('ix_packages_version_name')
        batch_op.drop_index('ix_packages_version_created_at')
        batch_op.drop_index('ix_packages_sort_version_key')
        batch_op.drop_index('ix_packages_sort_name')
        batch_op.drop_index('ix_packages_sort_created_at')
        batch_op.drop_index('ix_packages_platform_version_key')
        batch_op.drop_index('ix_packages_platform_name')
        batch_op.drop_index('ix_packages_platform_created_at')
        batch_op.drop_index('ix_packages_name_version_key')
        batch_op.drop_index('ix_packages_name_created_at')
        batch_op.drop_index('ix_packages_latest_prerelease', postgresql_where=sa.text('is_active'))
        batch_op.drop_index('ix_packages_latest', postgresql_where=sa.text('is_active AND NOT is_prerelease'))
        batch_op.drop_index('ix_packages_is_active_version_key')
        batch_op.drop_index('ix_packages_is_active_name')
        batch_op.drop_index('ix_packages_is_active_created_at')
        batch_op.drop_index('ix_packages_arch_version_key')
        batch_op.drop_index('ix_packages_arch_name')
        batch_op.drop_index('ix_packages_arch_created_at')

    op.drop_table('packages')
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.drop_index('ix_objects_unsettled', postgresql_where="state <> 'live'")

    op.drop_table('objects')
    with op.batch_alter_table('login_attempts', schema=None) as batch_op:
        batch_op.drop_index('ix_login_attempts_login_key')
        batch_op.drop_index(batch_op.f('ix_login_attempts_attempted_at'))

    op.drop_table('login_attempts')
