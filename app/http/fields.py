"""Marshmallow fields that take just what the contract says, where marshmallow's own take look-alikes too."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

DIGITS = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class WholeNumber(fields.Integer):
    """A JSON integer; marshmallow's own takes "5" and 5.0 as well."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        return value


class Flag(fields.Boolean):
    """JSON's true or false; marshmallow's own takes "yes" and 1 as well."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class QueryNumber(fields.Integer):
    """Decimal digits in a query; marshmallow's own takes " 5", "1_000" and other scripts' digits as well."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if not DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return int(value)


class QueryFlag(fields.Boolean):
    """`true` or `false` in a query."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise self.make_error("invalid")
        return bool(value == "true")


class Moment(fields.DateTime):
    """A time in RFC 3339, UTC."""

    def _serialize(self, value: datetime | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)


class MomentInUTC(fields.AwareDateTime):
    """A time with its offset, in ISO 8601, that is one in UTC too: in the years 1 to 9999."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _deserialize(self, *args: Any, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(*args, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=args[0], obj_type=self.OBJ_TYPE) from error


def rfc3339(moment: datetime | str) -> str:
    """`moment` in RFC 3339, in UTC, such as 2026-11-23T00:36:00.123456Z; a text is that already."""
    if isinstance(moment, str):
        return moment
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def no_control_characters(text: str) -> None:
    """A validator: raises ValidationError if `text` has control characters or half surrogate pairs."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValidationError("Must not contain control characters.")
