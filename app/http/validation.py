"""Validation errors of marshmallow as ours (422), in a form that can be sent back whatever the names are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from marshmallow import Schema, ValidationError

from app.errors import Invalid

MAX_SHOWN = 50
"""Fields that an answer tells errors of."""

MAX_NAME_LENGTH = 100


def load(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as `schema` loads them; unknown ones are errors. Raises Invalid."""
    try:
        return cast("dict[str, Any]", schema.load(values, unknown="raise"))
    except ValidationError as error:
        raise Invalid(dict(islice(flattened(error.messages_dict), MAX_SHOWN))) from error


def repeated(names: Iterable[str]) -> dict[str, list[str]]:
    """Errors for the names that occur more than once."""
    twice = (name for name, times in Counter(names).items() if times > 1)
    return {printable_name(name): ["Must not be repeated."] for name in islice(twice, MAX_SHOWN)}


def flattened(messages: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Messages of nested fields under dotted names, such as packages.0.version."""
    if not isinstance(messages, dict):
        yield path or "_schema", [str(message) for message in messages]
        return
    for name, inner in messages.items():
        yield from flattened(inner, f"{path}.{printable_name(str(name))}" if path else printable_name(str(name)))


def printable_name(name: str) -> str:
    """A field's name as an answer can carry it: not too long, and printable."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name[:MAX_NAME_LENGTH])
