"""The sort key orders versions as SemVer section 11 does, and everything else below them."""

from itertools import pairwise

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from app.packages.models import VERSION_LENGTH
from app.packages.versions import MAX_KEY_LENGTH, is_prerelease, sort_key

SPECIFIED = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
]
"""The examples of SemVer 2.0.0, section 11, in ascending order."""

number = st.integers(0, 10**6).map(str)
identifier = st.one_of(number, st.from_regex(r"[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,4}", fullmatch=True))
prerelease = st.lists(identifier, max_size=3).map(".".join)
versions = st.builds(
    lambda core, rest: ".".join(core) + (f"-{rest}" if rest else ""),
    st.tuples(number, number, number),
    prerelease,
)


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(SPECIFIED)))
def test_the_specification_s_own_examples_sort_as_it_says(lower: str, higher: str) -> None:
    """Each of section 11's examples sorts below the next."""
    assert sort_key(lower) < sort_key(higher)


@given(versions, versions)
def test_any_two_versions_compare_as_in_the_semver_package(one: str, other: str) -> None:
    """Keys compare just as semver.Version.compare says."""
    expected = semver.Version.parse(one).compare(other)
    keys = sort_key(one), sort_key(other)
    assert (keys[0] > keys[1]) - (keys[0] < keys[1]) == expected


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("0.9.0", "0.13.0"), ("1.0.0-rc.1", "1.0.0"), ("1.9.9", "v1.10.0"), ("9.0.0", "10.0.0"), ("1.0.0-a", "1.0.0-a-b")],
)
def test_numbers_count_and_not_their_digits(lower: str, higher: str) -> None:
    """0.13.0 is above 0.9.0, and a pre-release below its release."""
    assert sort_key(lower) < sort_key(higher)


@pytest.mark.parametrize("version", ["2024.1", "r9", "latest", "1.2.3.4", "01.2.3", "1.0.0-01", "V9.9.9", "99"])
def test_what_is_no_semver_sorts_below_everything_that_is(version: str) -> None:
    """Any SemVer, be it the smallest pre-release, is above a version that is none."""
    assert sort_key(version) < sort_key("0.0.0-0")
    assert not is_prerelease(version)


@pytest.mark.parametrize(("lower", "higher"), [("r9", "r10"), ("2024.9", "2024.10"), ("build-2", "build-11")])
def test_versions_that_are_no_semver_are_in_natural_order(lower: str, higher: str) -> None:
    """Runs of digits compare as numbers."""
    assert sort_key(lower) < sort_key(higher)


def test_build_metadata_and_a_leading_v_make_no_difference() -> None:
    """Equal precedence gives equal keys (SemVer, section 10)."""
    assert sort_key("1.0.0+build.7") == sort_key("v1.0.0") == sort_key("1.0.0")


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,49}", fullmatch=True))
def test_every_version_has_a_key_that_fits_its_column(version: str) -> None:
    """The longest key is within the column's length, and ASCII."""
    key = sort_key(version[:VERSION_LENGTH])
    assert len(key) <= MAX_KEY_LENGTH
    assert key.isascii()
