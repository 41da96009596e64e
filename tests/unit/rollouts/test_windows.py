"""Maintenance windows, in time zones with and without daylight saving."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from app.rollouts.windows import DAYS, Window, next_opening, open_until

BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = ZoneInfo("UTC")


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, until: str, *days: str) -> Window:
    """A window; without days one of every day."""
    return Window(frozenset(days or DAYS), time.fromisoformat(start), time.fromisoformat(until))


NIGHT = window("22:00", "04:00", "mon")
"""2026-11-23 is a Monday."""


def test_without_windows_it_is_always_open() -> None:
    """Until the end of time, and nothing is to open."""
    assert open_until([], PLAIN, at("2026-11-23 12:00")) == datetime.max.replace(tzinfo=UTC)
    assert next_opening([], PLAIN, at("2026-11-23 12:00")) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23 21:59:59", None),
        ("2026-11-23 22:00:00", "2026-11-24 04:00"),
        ("2026-11-24 03:59:59", "2026-11-24 04:00"),
        ("2026-11-24 04:00:00", None),
        ("2026-11-23 03:00:00", None),
        ("2026-11-24 22:30:00", None),
    ],
)
def test_over_midnight(now: str, until: str | None) -> None:
    """The day is the one on which it begins; its end is not in it."""
    assert open_until([NIGHT], PLAIN, at(now)) == (at(until) if until else None)


def test_local_time() -> None:
    """22:00 in Berlin is 21:00 UTC in winter and 20:00 in summer."""
    daily = window("22:00", "23:00")
    assert next_opening([daily], BERLIN, at("2026-12-01 12:00")) == at("2026-12-01 21:00")
    assert next_opening([daily], BERLIN, at("2026-07-01 12:00")) == at("2026-07-01 20:00")


def test_the_night_in_which_clocks_go_back() -> None:
    """From 01:00 to 04:00 are four hours then."""
    early = window("01:00", "04:00")
    assert open_until([early], BERLIN, at("2026-10-25 01:30")) == at("2026-10-25 03:00")
    assert next_opening([early], BERLIN, at("2026-10-24 12:00")) == at("2026-10-24 23:00")


def test_the_night_in_which_clocks_go_forward() -> None:
    """A window that lies in the hour that is left out does not open."""
    skipped = window("02:10", "02:50")
    assert open_until([skipped], BERLIN, at("2026-03-29 01:20")) != at("2026-03-29 00:50")
    assert next_opening([window("01:00", "04:00")], BERLIN, at("2026-03-28 12:00")) == at("2026-03-29 00:00")
    assert open_until([window("01:00", "04:00")], BERLIN, at("2026-03-29 01:59")) == at("2026-03-29 02:00")


def test_the_longest_of_those_that_are_open() -> None:
    """And the next of several is the first that begins."""
    both = [window("10:00", "11:00"), window("10:30", "12:00")]
    assert open_until(both, PLAIN, at("2026-11-23 10:45")) == at("2026-11-23 12:00")
    assert next_opening(both, PLAIN, at("2026-11-23 09:00")) == at("2026-11-23 10:00")


def test_the_same_window_in_a_week() -> None:
    """One that has just begun opens again seven days later."""
    assert next_opening([NIGHT], PLAIN, at("2026-11-23 22:00")) == at("2026-11-30 22:00")
