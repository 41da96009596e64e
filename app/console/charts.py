"""Geometry of charts: numbers in, coordinates of SVG out. Their words stand in the templates beside."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000.0
"""Units that a bar is wide; its viewBox scales them."""

LEAST = 4.0
"""Units that a share has at least, so that a few of very many can be seen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a stacked bar."""

    colour: str
    x: str
    width: str


def stacked(shares: Sequence[tuple[str, int]], whole: int) -> list[Piece]:
    """The pieces of a bar for `shares` of `whole`, in their order; each is a colour's name and a number.

    What they leave over stays the bar's background. Each that is there has LEAST units; the others give way.
    """
    there = [(colour, number) for colour, number in shares if number > 0]
    if not there or whole <= 0:
        return []
    widths = [max(LEAST, WIDTH * number / whole) for _, number in there]
    scale = min(1.0, WIDTH / sum(widths))
    pieces, x = [], 0.0
    for (colour, _), width in zip(there, widths, strict=True):
        pieces.append(Piece(colour, f"{x:.1f}", f"{width * scale:.1f}"))
        x += width * scale
    return pieces
