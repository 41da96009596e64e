"""Cursors of every type of value."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.cursors import MAX_BIGINT, CursorError, decode, encode

ids = st.integers(-MAX_BIGINT, MAX_BIGINT)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)
moments = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(texts, ids)
def test_text_and_id_come_back(text, row_id):
    """A cursor gives back what was put in, whatever the text."""
    assert decode(encode((text, row_id), "list"), "list", (str, int)) == (text, row_id)


@given(moments, ids)
def test_moments_come_back_to_the_microsecond(moment, row_id):
    """No precision is lost, or rows of the same second would be skipped."""
    assert decode(encode((moment, row_id), "list"), "list", (datetime, int)) == (moment, row_id)


def test_moments_of_any_zone_are_the_same():
    """The zone that the database gives plays no part."""
    moment = datetime(2026, 11, 23, 12, 30, tzinfo=timezone(timedelta(hours=5)))
    assert decode(encode((moment,), "list"), "list", (datetime,)) == (moment,)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_one_way(text):
    """What is no cursor raises CursorError and nothing else."""
    with pytest.raises(CursorError):
        decode(text, "list", (str, int))


@pytest.mark.parametrize(
    ("position", "types"),
    [
        (("a", 1), (int,)),
        (("a", 1), (str,)),
        (("a", 1), (datetime, int)),
        (("a", 1), (str, int, int)),
        ((1, 1), (str, int)),
        ((True,), (int,)),
        ((2**63,), (int,)),
        ((-(2**63) - 1,), (int,)),
        (("nul\0",), (str,)),
        (("\ud800",), (str,)),
        (("0001-01-01T00:00:00+23:00",), (datetime,)),
        (("2026-11-23",), (int,)),
        (("now",), (datetime,)),
    ],
    ids=str,
)
def test_forged_with_the_right_checksum(position, types):
    """Values of wrong types or out of range never reach the database."""
    with pytest.raises(CursorError):
        decode(encode(position, "list"), "list", types)


def test_bound_to_its_listing():
    """A cursor of another sort or filter is none."""
    with pytest.raises(CursorError):
        decode(encode((1,), "sort=name"), "sort=version", (int,))


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 10])
def test_cut(cut):
    """A cursor that lost its end is none."""
    cursor = encode(("name of a package", 12345), "list")
    with pytest.raises(CursorError):
        decode(cursor[:-cut], "list", (str, int))
