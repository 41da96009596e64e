"""Query parameters: each known, each at most once, each valid (422 otherwise)."""

import functools
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from marshmallow import Schema

from app.errors import Invalid
from app.http.validation import load, printable_name, repeated

MAX_PARAMETERS = 100

REMEMBERED = 256
"""Queries whose meaning is kept; a request's line has 8 KiB at most."""


def parameters(schema: type[Schema]) -> dict[str, Any]:
    """The query's parameters as a `schema` loads them. Raises Invalid."""
    return dict(_loaded(schema, request.query_string))


def no_parameters() -> None:
    """Insist on an empty query. Raises Invalid."""
    if request.query_string:
        parameters(Schema)


def query_pairs() -> tuple[tuple[str, str], ...]:
    """The query's names and values in their order. Raises Invalid if they are not UTF-8, or contain NUL."""
    return _pairs(request.query_string)


@functools.cache
def _made(schema: type[Schema]) -> Schema:
    """Made once: a schema copies all its fields."""
    return schema()


# Clients ask the same again and again, and to load a list's query costs a twentieth of its page.
@functools.lru_cache(maxsize=REMEMBERED)
def _loaded(schema: type[Schema], query: bytes) -> dict[str, Any]:
    pairs = _pairs(query)
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Invalid(repeated(name for name, _ in pairs))
    return load(_made(schema), values)


@functools.lru_cache(maxsize=REMEMBERED)
def _pairs(query: bytes) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(
            query.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise Invalid({"query": [f"Must be at most {MAX_PARAMETERS} parameters in UTF-8."]}) from error
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Invalid({printable_name(name): ["Must not contain NUL."]})
    return tuple(pairs)
