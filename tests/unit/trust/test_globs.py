"""Globs and placeholders."""

import time

import pytest

from app.trust.globs import like_pattern, matches, matches_filled, unknown_placeholders

FACTS = {"name": "agent", "version": "1.2.3", "platform": "linux", "arch": "amd64", "file_name": "a*.tgz"}


@pytest.mark.parametrize(
    ("glob", "value", "expected"),
    [
        ("otelcol*", "otelcol", True),
        ("otelcol*", "otelcol-contrib", True),
        ("otelcol", "otelcol-contrib", False),
        ("Otelcol", "otelcol", False),
        ("*", "", True),
        ("", "", True),
        ("a*c", "abbc", True),
        ("a*c", "ac", True),
        ("a*c", "a/c", False),
        ("a*c", "a@c", False),
        ("*/*@*", "a/b@c", True),
        ("*/*@*", "a/b/c@d", False),
        ("ab*ba", "aba", False),
        ("*a*b", "xaxab", True),
        ("a.c", "abc", False),
        ("[a]?", "[a]?", True),
        ("a", "a\n", False),
    ],
)
def test_globs(glob: str, value: str, expected: bool) -> None:
    """A star is any run without `/` and `@`, all else is itself, and the whole value counts."""
    assert matches(glob, value) is expected


def test_a_glob_takes_one_pass() -> None:
    """Many stars over a long value that almost matches take no time."""
    started = time.monotonic()
    assert not matches("*a" * 200 + "b", "a" * 2000)
    assert time.monotonic() - started < 0.1


def test_placeholders_are_literal() -> None:
    """A field fills its place as it is: its stars match stars only."""
    assert matches_filled("refs/tags/v{version}", FACTS, "refs/tags/v1.2.3")
    assert not matches_filled("refs/tags/v{version}", FACTS, "refs/tags/v1.2.4")
    assert matches_filled("*/{file_name}", FACTS, "x/a*.tgz")
    assert not matches_filled("*/{file_name}", FACTS, "x/abc.tgz")


def test_unknown_placeholders() -> None:
    """What is no field of a package, and a brace by itself, is told."""
    assert unknown_placeholders("v{version}-{platform}") == []
    assert unknown_placeholders("{sha}") == ["sha"]
    assert unknown_placeholders("{version") == ["{"]


def test_names_in_sql() -> None:
    """A name's glob is a LIKE pattern in which nothing else is special."""
    assert like_pattern(r"a_b%c*") == r"a\_b\%c%"
