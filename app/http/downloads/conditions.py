"""Conditional requests (RFC 9110, 13) and byte ranges (RFC 9110, 14), decided from the package's row."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from werkzeug.datastructures import Headers
from werkzeug.http import parse_date

_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.IGNORECASE)
_BEYOND = 1 << 63


class Outcome(Enum):
    """What the conditions of a request come to."""

    PROCEED = 200
    NOT_MODIFIED = 304
    FAILED = 412


@dataclass(frozen=True, slots=True)
class Validators:
    """What conditions are compared with: a strong entity tag without its quotes, and a time in whole seconds."""

    etag: str
    last_modified: datetime

    @classmethod
    def of(cls, etag: str, last_modified: datetime) -> "Validators":
        """Validators of something last modified at any time, with or without a zone (then UTC)."""
        if last_modified.tzinfo is None:
            last_modified = last_modified.replace(tzinfo=UTC)
        return cls(etag, last_modified.astimezone(UTC).replace(microsecond=0))


class RangeNotSatisfiable(Exception):
    """The range begins beyond the end (416)."""


def evaluate(headers: Headers, validators: Validators) -> Outcome:
    """Decide a GET or HEAD in the order of RFC 9110, 13.2.2. A date counts only without its entity tag header."""
    if not _precondition_holds(headers, validators):
        return Outcome.FAILED
    if _has_current(headers, validators):
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def allows_change(headers: Headers, etag: str | None) -> bool:
    """Whether If-Match and If-None-Match let something be changed that has this entity tag, None if it is not there.

    RFC 9110, 13.1.1 and 13.1.2. Dates are not looked at: two changes may be of one second.
    """
    if_match, if_none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if if_match is not None and (etag is None or not _matches(if_match, etag, weakly=False)):
        return False
    return if_none_match is None or etag is None or not _matches(if_none_match, etag, weakly=True)


def _precondition_holds(headers: Headers, validators: Validators) -> bool:
    if_match = headers.get("If-Match")
    if if_match is not None:
        return _matches(if_match, validators.etag, weakly=False)
    unmodified_since = parse_date(headers.get("If-Unmodified-Since"))
    return unmodified_since is None or validators.last_modified <= unmodified_since


def has_current_tag(headers: Headers, validators: Validators) -> bool:
    """Whether If-None-Match names what the client would get."""
    if_none_match = headers.get("If-None-Match")
    return if_none_match is not None and _matches(if_none_match, validators.etag, weakly=True)


def _has_current(headers: Headers, validators: Validators) -> bool:
    """Whether the client has what it would get."""
    if "If-None-Match" in headers:
        return has_current_tag(headers, validators)
    modified_since = parse_date(headers.get("If-Modified-Since"))
    return modified_since is not None and validators.last_modified <= modified_since


def _matches(header: str, etag: str, *, weakly: bool) -> bool:
    if header.strip() == "*":
        return True
    return any(tag[2] == etag and (weakly or not tag[1]) for tag in _ENTITY_TAG.finditer(header))


def requested_range(headers: Headers, validators: Validators, size: int) -> range | None:
    """The one range of a GET that is to be sent, within `size` bytes; None for all of them.

    None too for several ranges, a malformed header, another unit, and where If-Range does not hold.
    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(headers.get("Range", "").strip())
    if match is None or match[0][6:] == "-" or not _range_applies(headers.get("If-Range"), validators):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(_number(last), size)
    begin = _number(first)
    end = _number(last) if last else size - 1
    if end < begin and last:
        return None
    if begin >= size:
        raise RangeNotSatisfiable
    return range(begin, min(end + 1, size))


def _suffix(length: int, size: int) -> range:
    if length == 0:
        raise RangeNotSatisfiable
    return range(max(size - length, 0), size)


def _number(digits: str) -> int:
    """The number, or one beyond every size: int() refuses thousands of digits."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) < 19 else _BEYOND


def _range_applies(if_range: str | None, validators: Validators) -> bool:
    """If-Range compares strongly, and a date exactly (RFC 9110, 13.1.5)."""
    if if_range is None:
        return True
    if '"' in if_range:
        return if_range.strip() == f'"{validators.etag}"'
    return parse_date(if_range) == validators.last_modified
