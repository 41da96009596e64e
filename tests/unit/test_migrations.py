"""Revisions change tables that are in use by what migrations/online.py offers, as CONTRIBUTING.md asks."""

import ast
import re
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"

LOCKING = {
    "batch_alter_table": "op's own operations",
    "create_index": "online.create_index",
    "drop_index": "online.drop_index",
    "create_unique_constraint": "online.create_index(unique=True), then ALTER TABLE … ADD … UNIQUE USING INDEX",
    "create_exclude_constraint": "a table of its own",
    "create_primary_key": "online.create_index(unique=True), then ALTER TABLE … ADD … PRIMARY KEY USING INDEX",
    "create_check_constraint": "NOT VALID, then VALIDATE CONSTRAINT",
    "create_foreign_key": "NOT VALID, then VALIDATE CONSTRAINT",
}
"""Operations that read a whole table under its lock, and what to call instead."""

LOCKING_SQL = re.compile(r"(CREATE (UNIQUE )?INDEX|DROP INDEX|REINDEX \w+)(?! CONCURRENTLY)|VACUUM FULL|CLUSTER")


def refused(source: str) -> list[str]:
    """What in a revision keeps requests waiting; what happens to tables that it makes itself does not count."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    made = {first_text(call) for call in calls if name_of(call) in {"create_table", "drop_table"}}
    found = []
    for call in calls:
        name, keywords = name_of(call), {keyword.arg for keyword in call.keywords}
        table = next((text for text in texts(call) if text in made), None)
        if name in LOCKING and is_of_alembic(call) and table is None and "postgresql_not_valid" not in keywords:
            found.append(f"line {call.lineno}: {name}: {LOCKING[name]}")
        if name == "alter_column" and keywords & {"type_", "nullable"}:
            found.append(f"line {call.lineno}: alter_column reads or writes the whole table: a new column, a CHECK")
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    found += [f"line {node.lineno}: {node.value}" for node in statements if LOCKING_SQL.search(str(node.value))]
    return found


def name_of(call: ast.Call) -> str:
    """The called method."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def is_of_alembic(call: ast.Call) -> bool:
    """Whether it is a method of `op`."""
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "op"


def first_text(call: ast.Call) -> str:
    """The first argument, if it is a text."""
    return next(iter(texts(call)), "")


def texts(call: ast.Call) -> list[str]:
    """The arguments that are texts."""
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


@pytest.mark.parametrize("revision", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_revision_keeps_no_request_waiting(revision: Path) -> None:
    """It builds indexes CONCURRENTLY and adds constraints NOT VALID, but on tables that it makes itself."""
    assert refused(revision.read_text()) == []


def test_revisions_follow_each_other() -> None:
    """Each stands on the one before it: two that were written at the same time do not take the same number."""
    revisions = sorted(VERSIONS.glob("*.py"))
    numbers = [path.name[:4] for path in revisions]
    named = [re.findall(r"(?m)^(?:down_)?revision = \W?(\w+)", path.read_text()) for path in revisions]
    assert named == [list(pair) for pair in zip(numbers, ["None", *numbers], strict=False)]


@pytest.mark.parametrize(
    "line",
    [
        'op.create_index("ix", "packages", ["name"])',
        'op.drop_index("ix", "packages")',
        'op.execute("CREATE INDEX ix ON packages (name)")',
        'op.create_foreign_key("fk", "packages", "channels", ["a"], ["b"])',
        'op.alter_column("packages", "name", nullable=False)',
    ],
)
def test_what_locks_a_table_is_refused(line: str) -> None:
    """The check sees what a revision may not do."""
    assert len(refused(line)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        'online.create_index("ix", "packages", ["name"])',
        'op.create_table("channels")\nop.create_index("ix", "channels", ["name"])',
        'op.execute("CREATE INDEX CONCURRENTLY ix ON packages (name)")',
        'op.create_foreign_key("fk", "packages", "channels", ["a"], ["b"], postgresql_not_valid=True)',
        'op.add_column("packages", sa.Column("kind", sa.String(5), server_default="user", nullable=False))',
    ],
)
def test_what_keeps_nobody_waiting_is_allowed(lines: str) -> None:
    """The check refuses nothing else."""
    assert refused(lines) == []


def test_one_chain() -> None:
    """Each revision follows exactly one other: two that were written beside each other are put in order."""
    revisions = list(ScriptDirectory(str(VERSIONS.parent)).walk_revisions())
    followed = [revision.down_revision for revision in revisions]
    assert len(set(followed)) == len(followed) == len(list(VERSIONS.glob("*.py")))
