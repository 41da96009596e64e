"""Attribute values that JSON and PostgreSQL can carry: numbers that some readers would change become text."""

from typing import Any

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
