"""Geometry of bars."""

from app.console.charts import LEAST, WIDTH, stacked


def test_shares() -> None:
    """Pieces lie one behind the other, as wide as their share of the whole."""
    pieces = stacked([("green", 3), ("red", 1)], 8)
    assert [(piece.colour, piece.x, piece.width) for piece in pieces] == [
        ("green", "0.0", "375.0"),
        ("red", "375.0", "125.0"),
    ]


def test_a_few_of_very_many_are_seen() -> None:
    """Each piece that is there can be seen, and all stay within the bar."""
    pieces = stacked([("green", 999_999), ("red", 1)], 1_000_000)
    assert float(pieces[1].width) >= LEAST * 0.99
    assert float(pieces[1].x) + float(pieces[1].width) <= WIDTH + 0.1


def test_nothing() -> None:
    """Nothing of nothing has no pieces."""
    assert stacked([("green", 0)], 0) == []
    assert stacked([], 10) == []
