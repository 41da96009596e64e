"""Conditions and ranges, each line of RFC 9110 that the contract names."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from app.http.downloads.conditions import Outcome, RangeNotSatisfiable, Validators, evaluate, requested_range

MODIFIED = datetime(2026, 11, 3, 12, 30, 15, 987654, tzinfo=UTC)
VALIDATORS = Validators.of("abc123", MODIFIED)
NOW = http_date(MODIFIED)
EARLIER = http_date(MODIFIED - timedelta(seconds=1))
LATER = http_date(MODIFIED + timedelta(hours=1))
SIZE = 1000


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, Outcome.PROCEED),
        ({"If-None-Match": '"abc123"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": 'W/"abc123"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": '"a,b", W/"abc123"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": "*"}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": '"other"'}, Outcome.PROCEED),
        ({"If-None-Match": "abc123"}, Outcome.PROCEED),
        ({"If-None-Match": ""}, Outcome.PROCEED),
        ({"If-Match": '"abc123"'}, Outcome.PROCEED),
        ({"If-Match": '"x", "abc123"'}, Outcome.PROCEED),
        ({"If-Match": "*"}, Outcome.PROCEED),
        ({"If-Match": 'W/"abc123"'}, Outcome.FAILED),
        ({"If-Match": '"other"'}, Outcome.FAILED),
        ({"If-Match": '"abc123"', "If-None-Match": '"abc123"'}, Outcome.NOT_MODIFIED),
        ({"If-Match": '"other"', "If-None-Match": '"abc123"'}, Outcome.FAILED),
        ({"If-Modified-Since": NOW}, Outcome.NOT_MODIFIED),
        ({"If-Modified-Since": LATER}, Outcome.NOT_MODIFIED),
        ({"If-Modified-Since": EARLIER}, Outcome.PROCEED),
        ({"If-Modified-Since": "yesterday"}, Outcome.PROCEED),
        ({"If-Modified-Since": LATER, "If-None-Match": '"other"'}, Outcome.PROCEED),
        ({"If-Unmodified-Since": NOW}, Outcome.PROCEED),
        ({"If-Unmodified-Since": EARLIER}, Outcome.FAILED),
        ({"If-Unmodified-Since": "yesterday"}, Outcome.PROCEED),
        ({"If-Unmodified-Since": EARLIER, "If-Match": '"abc123"'}, Outcome.PROCEED),
        ({"If-Unmodified-Since": EARLIER, "If-None-Match": '"abc123"'}, Outcome.FAILED),
    ],
)
def test_conditions_are_decided_in_order(headers: dict[str, str], outcome: Outcome) -> None:
    """Precedence, comparison and dates are those of RFC 9110, 13.2.2."""
    assert evaluate(Headers(headers), VALIDATORS) is outcome


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=0-", range(SIZE)),
        ("bytes=0-999", range(SIZE)),
        ("bytes=0-1000", range(SIZE)),
        ("bytes=999-", range(999, SIZE)),
        ("bytes=5-7", range(5, 8)),
        ("Bytes=5-7", range(5, 8)),
        ("bytes=-1", range(999, SIZE)),
        ("bytes=-1000", range(SIZE)),
        ("bytes=-5000", range(SIZE)),
        ("bytes=000000000000000000000000005-7", range(5, 8)),
        ("bytes=5-" + "9" * 5000, range(5, SIZE)),
        ("bytes=-" + "9" * 5000, range(SIZE)),
    ],
)
def test_one_range_is_sent(header: str, expected: range) -> None:
    """One satisfiable range is cut to the size; a longer suffix is all of it."""
    assert requested_range(Headers({"Range": header}), VALIDATORS, SIZE) == expected


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=-000", "bytes=" + "9" * 5000 + "-"]
)
def test_range_beyond_the_end_is_not_satisfiable(header: str) -> None:
    """A range that begins beyond the end, and an empty suffix, are 416."""
    with pytest.raises(RangeNotSatisfiable):
        requested_range(Headers({"Range": header}), VALIDATORS, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=2000-1500",
        "bytes=0-1,5-6",
        "bytes=0-1,bytes=5-6",
        "bytes=a-b",
        "bytes=+0-5",
        "bytes=--5",
        "bytes=0-5x",
        "bytes=1.5-2",
        "bytes=\u0660-\u0665",
        "bytes 0-5",
        "items=0-5",
        "0-5",
    ],
)
def test_other_ranges_are_ignored(header: str) -> None:
    """Several ranges, malformed ones and other units get all of the file."""
    assert requested_range(Headers({"Range": header}), VALIDATORS, SIZE) is None


@pytest.mark.parametrize(
    ("if_range", "applies"),
    [
        ('"abc123"', True),
        ('W/"abc123"', False),
        ('"other"', False),
        ('"x", "abc123"', False),
        ("*", False),
        ("abc123", False),
        (NOW, True),
        (LATER, False),
        (EARLIER, False),
    ],
)
def test_if_range_compares_strongly(if_range: str, applies: bool) -> None:
    """The range counts only for the very representation that If-Range names."""
    part = requested_range(Headers({"Range": "bytes=5-7", "If-Range": if_range}), VALIDATORS, SIZE)
    assert part == (range(5, 8) if applies else None)


@given(st.integers(1, 50), st.text(st.sampled_from("0123456789-,= "), max_size=12))
def test_no_range_leaves_the_file(size: int, spec: str) -> None:
    """Whatever is asked, what is sent lies within the file and is not empty."""
    try:
        part = requested_range(Headers({"Range": f"bytes={spec}"}), VALIDATORS, size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= size
