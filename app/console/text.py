"""Jinja filters: how numbers, sizes, times and digests are written."""

import json
from datetime import UTC, date, datetime
from typing import Any

UNITS = ("kB", "MB", "GB", "TB", "PB")
STEPS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
"""Milliseconds."""


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 file`, `12,345 files`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(count_of_bytes: int) -> str:
    """Bytes in decimal units with three digits: 96.1 MB."""
    if count_of_bytes < 1000:
        return f"{count_of_bytes} B"
    amount, units = count_of_bytes / 1000, list(UNITS)
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:.{0 if amount >= 99.95 else 1}f} {units[0]}"


def exact_size(count_of_bytes: int) -> str:
    """96.1 MB (100,768,302 bytes)."""
    return f"{size(count_of_bytes)} ({count_of_bytes:,} bytes)" if count_of_bytes >= 1000 else f"{count_of_bytes} bytes"


def moment(time: datetime | str) -> datetime:
    """A time of the service's in UTC; lists have it as text in RFC 3339."""
    return (datetime.fromisoformat(time) if isinstance(time, str) else time).astimezone(UTC)


def utc(time: datetime | str) -> str:
    """25 Nov 2026, 14:31 UTC: what stands there until script says how long ago it is."""
    return f"{moment(time):%-d %b %Y, %H:%M} UTC"


def machine_time(time: datetime | str) -> str:
    """RFC 3339 in UTC, for `datetime`."""
    return f"{moment(time):%Y-%m-%dT%H:%M:%S}Z"


def short_digest(hexadecimal: str) -> str:
    """5f1c9b3e…a07d42."""
    return f"{hexadecimal[:8]}…{hexadecimal[-6:]}"


def initials(name: str) -> str:
    """What stands for a user in a circle: the first two characters, or those of two words."""
    words = [word for word in name.replace("@", " ").replace(".", " ").replace("-", " ").split() if word]
    return (words[0][0] + words[1][0] if len(words) > 1 else name[:2]).upper()


def percent(part: float, whole: float) -> str:
    """51 %; neither 0 % nor 100 % unless it is just that."""
    share = 100 * part / whole if whole else 0.0
    bounded = min(max(share, 1), 99) if 0 < part < whole else share
    return f"{bounded:.0f} %"


def pair(text: str) -> tuple[str, str]:
    """An option whose text is its value."""
    return text, text


def without(chosen: dict[str, object], name: str) -> dict[str, object]:
    """Filters without one of them."""
    return {key: value for key, value in chosen.items() if key != name}


BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """Firefox on Linux: what a User-Agent says, as far as people care; else its beginning."""
    name = next((name for sign, name in BROWSERS if sign in user_agent), user_agent[:40] or "An unknown browser")
    system = next((system for sign, system in SYSTEMS if sign in user_agent), "")
    return f"{name} on {system}" if system else name


def duration(seconds: int) -> str:
    """24 h; 90 s."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def at_most(seconds: float) -> str:
    """A time to answer as a step that it is within: figures that jitter would never be a 304."""
    milliseconds = seconds * 1000
    within = next((step for step in STEPS if milliseconds <= step), None)
    return f"within {within} ms" if within else f"after {milliseconds / 1000:.0f} s"


def attribute(value: Any) -> str:
    """An agent's or channel's attribute: text as it is, all else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def day(time: date) -> str:
    """25 Nov 2026."""
    return f"{time.astimezone(UTC) if isinstance(time, datetime) else time:%-d %b %Y}"


FILTERS = {
    "attribute": attribute,
    "day": day,
    "browser": browser,
    "duration": duration,
    "pair": pair,
    "count": count,
    "counted": counted,
    "at_most": at_most,
    "size": size,
    "exact_size": exact_size,
    "utc": utc,
    "machine_time": machine_time,
    "short_digest": short_digest,
    "initials": initials,
}
