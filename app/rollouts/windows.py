"""Maintenance windows: the times of the week in which agents are let go, in a time zone with its daylight saving."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the days on which it begins, local; `until` is on the next day where it is before `start`."""

    days: frozenset[str]
    start: time
    until: time

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Begin and end in UTC of the one that begins on `day`; None on other days of the week."""
        if DAYS[day.weekday()] not in self.days:
            return None
        last = day + timedelta(days=1) if self.until < self.start else day
        begin, end = (datetime.combine(*moment, zone) for moment in ((day, self.start), (last, self.until)))
        return begin.astimezone(UTC), end.astimezone(UTC)


def open_until(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the window ends that is open `now`; None while none is, the end of time where there are no windows."""
    if not windows:
        return datetime.max.replace(tzinfo=UTC)
    return max((end for begin, end in _around(windows, zone, now) if begin <= now < end), default=None)


def next_opening(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the next window begins after `now`; None where there are no windows."""
    return min((begin for begin, end in _around(windows, zone, now) if now < begin < end), default=None)


def _around(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """All that begin from yesterday until in eight days, which has each day of the week at least once."""
    today = now.astimezone(zone).date()
    for offset in range(-1, 9):
        for window in windows:
            found = window.on(today + timedelta(days=offset), zone)
            if found is not None:
                yield found
