"""Opaque cursors for keyset pages: where a page ended, bound to the listing that it is a page of."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

CursorValue = str | int | datetime
"""What rows are sorted by. The last value of a position is the row's id."""

MAX_CURSOR_LENGTH = 4096
MAX_BIGINT = 2**63 - 1

_COMPACT = json.JSONEncoder(separators=(",", ":"))


class CursorError(ValueError):
    """Not a cursor of this listing."""


def encode(position: Sequence[CursorValue], listing: str) -> str:
    """A cursor for the page after `position`; `listing` names the path, filters and sort."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in position]
    content = _COMPACT.encode([_checksum(values, listing), *values])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(cursor: str, listing: str, types: Sequence[type[CursorValue]]) -> tuple[CursorValue, ...]:
    """The position that the cursor holds, whose values are of `types`. Raises CursorError.

    The checksum tells what was cut, mistyped, or handed out for another sort or filter. Whoever forges one
    with care gets values of the right types, and so a page that they could have had anyway.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        checksum, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if len(cursor) > MAX_CURSOR_LENGTH or checksum != _checksum(values, listing):
            raise CursorError
        return tuple(_typed(value, type_) for value, type_ in zip(values, types, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CursorError from error


def _checksum(values: Sequence[object], listing: str) -> str:
    content = json.dumps([listing, *values])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _typed(value: object, type_: type[CursorValue]) -> CursorValue:
    if type_ is datetime and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if type_ is int and type(value) is int and -MAX_BIGINT <= value <= MAX_BIGINT:
        return value
    if type_ is str and isinstance(value, str) and "\0" not in value:
        value.encode()  # lone surrogates end here, not in PostgreSQL
        return value
    raise CursorError
