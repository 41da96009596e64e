"""Query parameters: each known, each at most once, each valid (422 otherwise)."""

from typing import Any
from urllib.parse import parse_qsl

from flask import request
from marshmallow import Schema

from app.errors import Invalid
from app.http.validation import load, repeated, shown

MAX_PARAMETERS = 100


def parameters(schema: Schema) -> dict[str, Any]:
    """The query's parameters as `schema` loads them. Raises Invalid."""
    pairs = query_pairs()
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Invalid(repeated(name for name, _ in pairs))
    return load(schema, values)


def no_parameters() -> None:
    """Insist on an empty query. Raises Invalid."""
    if request.query_string:
        parameters(Schema())


def query_pairs() -> list[tuple[str, str]]:
    """The query's names and values in their order. Raises Invalid if they are not UTF-8, or contain NUL."""
    try:
        pairs = parse_qsl(
            request.query_string.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise Invalid({"query": [f"Must be at most {MAX_PARAMETERS} parameters in UTF-8."]}) from error
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Invalid({shown(name): ["Must not contain NUL."]})
    return pairs
