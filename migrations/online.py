"""Online schema changes: what a revision calls to change tables that are in use.

Reads and writes go on beside all of them. Each may be repeated after it was broken off.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

LOCK_TIMEOUT = 500
"""Milliseconds to wait for a table's lock: less than requests wait for theirs (1,200), so that none fails behind it.

env.py sets it for each transaction, and tries again.
"""

INVALID = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
EXISTS = "SELECT to_regclass(:name) IS NOT NULL"

Columns = list[str | sa.ColumnElement]


def create_index(name: str, table: str, columns: Columns, **options: object) -> None:
    """Build an index CONCURRENTLY; `options` are `op.create_index`'s.

    One that is there stays, unless a build that was broken off left it INVALID. Commits what came before.
    """
    with op.get_context().autocommit_block():
        if _is(INVALID, name):
            _drop(name)
        op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options)


def drop_index(name: str) -> None:
    """Drop an index CONCURRENTLY, if it is there. Commits what came before."""
    with op.get_context().autocommit_block():
        _drop(name)


def replace_index(name: str, table: str, columns: Columns, **options: object) -> None:
    """Give an index other columns. The old one serves queries until the new one can. Commits what came before."""
    new = f"{name}_new"
    with op.get_context().autocommit_block():
        if _is(EXISTS, name):
            _drop(new)  # nobody knows which columns one has that is left there
    create_index(new, table, columns, **options)
    drop_index(name)
    op.execute(f"ALTER INDEX {new} RENAME TO {name}")


def one_by_one(*statements: str) -> None:
    """Commit each by itself: no table stays locked while another is waited for. They must bear being repeated."""
    with op.get_context().autocommit_block():
        for statement in statements:
            op.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}; {statement}")


def _is(query: str, name: str) -> bool:
    return bool(op.get_bind().scalar(text(query), {"name": name}))


def _drop(name: str) -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
