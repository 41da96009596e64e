"""Geometry of a curve over time and of a half-ring gauge: numbers in, coordinates of SVG out, as app.console.charts."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.console.text import count, duration

LEFT, RIGHT, TOP, BOTTOM = 52.0, 708.0, 28.0, 236.0
"""Of the plot, in a viewBox of 720 x 262."""

TIMES = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 30 * 86400)
"""Seconds that two lines of the time axis may be apart."""

COLUMNS = 7
ROWS = 4
CHARACTER = 7.0
"""Units that a character of a label is wide, about."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot at `at`, and what stands beside it; nothing where it would run into the one before."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The scales of a plot: so many seconds wide, from none to `most`."""

    seconds: float
    most: int

    def x(self, seconds: float) -> float:
        """Where a moment is."""
        return LEFT + (RIGHT - LEFT) * min(max(seconds, 0), self.seconds) / self.seconds

    def y(self, number: float) -> float:
        """Where a number is."""
        return BOTTOM - (BOTTOM - TOP) * number / self.most

    def line(self, points: Iterable[tuple[float, int]]) -> str:
        """A path through moments and numbers."""
        return "M" + " L".join(f"{self.x(moment):.1f} {self.y(number):.1f}" for moment, number in points)

    def area(self, points: Sequence[tuple[float, int]]) -> str:
        """What is below that path."""
        first, last = self.x(points[0][0]), self.x(points[-1][0])
        return f"{self.line(points)} L{last:.1f} {BOTTOM:.1f} L{first:.1f} {BOTTOM:.1f} Z"

    def rows(self) -> list[Tick]:
        """Lines of round numbers."""
        step = next(step for step in _round_numbers() if step * ROWS >= self.most)
        return [Tick(f"{self.y(number):.1f}", count(number)) for number in range(0, self.most + 1, step)]

    def columns(self) -> list[Tick]:
        """Times since the beginning."""
        step = next((step for step in TIMES if step * COLUMNS >= self.seconds), TIMES[-1])
        moments = range(0, int(self.seconds) + 1, step)
        return [Tick(f"{self.x(moment):.1f}", f"+{duration(moment)}" if moment else "0") for moment in moments]

    def marks(self, moments: Iterable[tuple[float, str]]) -> list[Tick]:
        """Labelled moments, in order."""
        ticks, free = [], 0.0
        for moment, text in moments:
            at = self.x(moment)
            end = at + CHARACTER * (len(text) + 2)
            fits = at >= free and end <= RIGHT + CHARACTER
            ticks.append(Tick(f"{at:.1f}", text if fits else ""))
            free = end if fits else free
        return ticks


def _round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20 and so on."""
    scale = 1
    while True:
        yield from (scale, 2 * scale, 5 * scale)
        scale *= 10


CENTRE, BASE, OUTER, INNER = 100.0, 96.0, 80.0, 65.0
"""Of the half-ring, in a viewBox of 200 x 104."""

ROOM = 1.25
"""How far the ring goes beyond the limit."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Paths of the half-ring: what is below the limit, what is beyond, and what is filled ("" for none)."""

    below: str
    beyond: str
    filled: str


def gauge(number: float, limit: float) -> Gauge:
    """A half-ring filled up to `number`, with its limit marked."""
    whole = max(limit * ROOM, number)
    return Gauge(_arc(0, limit / whole), _arc(limit / whole, 1), _arc(0, number / whole) if number else "")


def _arc(first: float, last: float) -> str:
    """A piece of the ring between two shares of it."""
    corners = [_corner(OUTER, first), _corner(OUTER, last), _corner(INNER, last), _corner(INNER, first)]
    return (
        f"M{corners[0]} A{OUTER:.0f} {OUTER:.0f} 0 0 1 {corners[1]} "
        f"L{corners[2]} A{INNER:.0f} {INNER:.0f} 0 0 0 {corners[3]} Z"
    )


def _corner(radius: float, share: float) -> str:
    angle = math.pi * (1 - share)
    return f"{CENTRE + radius * math.cos(angle):.1f} {BASE - radius * math.sin(angle):.1f}"
