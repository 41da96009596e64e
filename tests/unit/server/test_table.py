"""The table in app/server/__init__.py tells of every piece, and of tests that are there."""

import re
from pathlib import Path

import app.server

ROOM = Path(app.server.__file__).parent
TESTS = Path(__file__).parents[2]


def rows() -> list[list[str]]:
    """The table's rows below its head."""
    table = [line for line in (app.server.__doc__ or "").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_every_piece_is_told_of() -> None:
    """Each module stands in the table once, and none that is gone."""
    told = [name for pieces, *_ in rows() for name in pieces.split(", ")]
    assert sorted(told) == sorted(path.stem for path in ROOM.glob("*.py") if path.stem != "__init__")


def test_every_test_is_there() -> None:
    """A test that holds a piece has tests in it."""
    for *_, held_by in rows():
        (file,) = [*TESTS.glob(f"contract/server/{held_by}.py"), *TESTS.glob(f"unit/server/{held_by}.py")]
        assert re.search(r"^def test_", file.read_text(), re.MULTILINE)
