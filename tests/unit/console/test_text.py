"""How numbers, sizes, times and browsers are written."""

from datetime import UTC, datetime

import pytest

from app.console import text


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (96_100_000, "96.1 MB"),
        (99_949_999, "99.9 MB"),
        (99_950_000, "100 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.0 GB"),
        (10**18, "1000 PB"),
    ],
)
def test_size(count: int, written: str) -> None:
    """Sizes are decimal, with three digits."""
    assert text.size(count) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(0, 10, "0 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (10, 10, "100 %"), (1, 2, "50 %"), (0, 0, "0 %")],
)
def test_percent(part: int, whole: int, written: str) -> None:
    """Neither 0 % nor 100 % unless it is just that."""
    assert text.percent(part, whole) == written


def test_times() -> None:
    """Times are in UTC, whether they come as text or as datetime."""
    moment = datetime(2026, 11, 5, 4, 3, 2, tzinfo=UTC)
    for time in (moment, "2026-11-05T05:03:02.000000+01:00"):
        assert text.utc(time) == "5 Nov 2026, 04:03 UTC"
        assert text.machine_time(time) == "2026-11-05T04:03:02Z"


@pytest.mark.parametrize(
    ("user_agent", "written"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.1", "curl/8.1"),
        ("", "An unknown browser"),
    ],
)
def test_browser(user_agent: str, written: str) -> None:
    """A User-Agent is told by browser and system, else by its beginning."""
    assert text.browser(user_agent) == written


@pytest.mark.parametrize(("seconds", "written"), [(86400, "24 h"), (90, "90 s"), (172800, "2 d"), (3600, "60 min")])
def test_duration(seconds: int, written: str) -> None:
    """Durations have the largest unit that is whole and more than one."""
    assert text.duration(seconds) == written


@pytest.mark.parametrize(("name", "written"), [("maria", "MA"), ("maria.koenig", "MK"), ("a", "A"), ("@", "@")])
def test_initials(name: str, written: str) -> None:
    """Two characters stand for a user."""
    assert text.initials(name) == written
