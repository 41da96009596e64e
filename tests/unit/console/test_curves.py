"""Geometry of curves and of the brake's half-ring, as numbers."""

import pytest

from app.console.curves import BOTTOM, LEFT, RIGHT, TOP, Plot, gauge


def test_a_curve_fills_its_plot() -> None:
    """From the lower left corner to the upper right one when everyone has it at the end."""
    plot = Plot(60.0, 200)
    assert plot.line([(0, 0), (60, 200)]) == f"M{LEFT:.1f} {BOTTOM:.1f} L{RIGHT:.1f} {TOP:.1f}"
    assert plot.area([(0, 0), (60, 200)]).endswith(f"L{RIGHT:.1f} {BOTTOM:.1f} L{LEFT:.1f} {BOTTOM:.1f} Z")


@pytest.mark.parametrize(
    ("most", "texts"),
    [
        (1, ["0", "1"]),
        (6, ["0", "2", "4", "6"]),
        (41_230, ["0", "20,000", "40,000"]),
        (200, ["0", "50", "100", "150", "200"]),
    ],
)
def test_rows_are_round_numbers(most: int, texts: list[str]) -> None:
    """At most five, the first is none."""
    assert [row.text for row in Plot(1.0, most).rows()] == texts


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (5, ["0"]),
        (60, ["0", "+10 s", "+20 s", "+30 s", "+40 s", "+50 s", "+60 s"]),
        (3 * 3600, ["0", "+30 min", "+60 min", "+90 min", "+2 h", "+150 min", "+3 h"]),
    ],
)
def test_columns_are_times_since_the_start(seconds: float, texts: list[str]) -> None:
    """In steps that people count in."""
    assert [column.text for column in Plot(seconds, 1).columns()] == texts


def test_labels_do_not_run_into_each_other() -> None:
    """A stage that opened right after another has its line and no word; so has one at the very right."""
    marks = Plot(1000.0, 1).marks([(0, "1 %"), (10, "10 %"), (500, "50 %"), (999, "everyone")])
    assert [mark.text for mark in marks] == ["1 %", "", "50 %", ""]


def test_a_gauge_that_is_full() -> None:
    """At the limit the ring is filled just to where it becomes red; with none nothing is filled."""
    assert gauge(3, 3).filled == gauge(0, 3).below
    assert gauge(0, 3).filled == ""
    assert gauge(100, 3).filled.startswith("M20.0 96.0")
