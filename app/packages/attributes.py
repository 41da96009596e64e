"""Attributes of agents: values that JSON and PostgreSQL can carry, and the ones that a match asks for.

Numbers that some readers would change become text.
"""

from typing import Any

from marshmallow import ValidationError, fields, validate

from app.packages.fields import Text

MAX_MATCHES = 100
MAX_NAME_LENGTH = 255
MAX_VALUE_LENGTH = 1000

MAX_EXACT = 2**53
"""Integers up to here are exact in every reader of JSON (RFC 8259, 6)."""


def is_portable(number: float) -> bool:
    """Whether all readers of JSON see the same number."""
    return -MAX_EXACT <= number <= MAX_EXACT


def portable(number: float) -> int | float | str:
    """The number, as text if it is infinite, not a number, or beyond ±2^53."""
    return number if is_portable(number) else str(number)


def portable_value(value: Any) -> Any:
    """A JSON value with each number in it as `portable` has it."""
    if isinstance(value, dict):
        return {name: portable_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [portable_value(member) for member in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return portable(value)
    return value


class AttributeValue(fields.Field[Any]):
    """The value of an agent's attribute: text, a number or a truth value."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        if isinstance(value, str):
            return Text(validate=validate.Length(max=MAX_VALUE_LENGTH)).deserialize(value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float) and is_portable(value):
            return value
        raise ValidationError(f"Must be text, true, false, or a number from -{MAX_EXACT} to {MAX_EXACT}.")


def attribute_match(**options: Any) -> fields.Dict:
    """Attributes that an agent must have, each with its exact value."""
    names = Text(validate=validate.Length(1, MAX_NAME_LENGTH))
    return fields.Dict(keys=names, values=AttributeValue(), validate=validate.Length(max=MAX_MATCHES), **options)
