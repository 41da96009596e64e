"""HTML forms: a small urlencoded body as fields, each known to a schema (422 otherwise)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from marshmallow import Schema

from app.errors import BadRequest, Invalid, TooLarge, UnsupportedMediaType
from app.http.json_body import read_body
from app.http.query import query_pairs
from app.http.validation import load, repeated

LIMIT = 2**18
"""Bytes of a form."""

MAX_FIELDS = 1000


def form_pairs(limit: int = LIMIT, max_fields: int = MAX_FIELDS) -> Sequence[tuple[str, str]]:
    """The form's names and values in their order; line ends are single. `limit` in bytes.

    Raises UnsupportedMediaType, TooLarge, UploadInterrupted, BadRequest.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send a form as application/x-www-form-urlencoded.")
    try:
        text = read_body(limit).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=max_fields)
    except TooLarge:
        raise TooLarge(f"A form may have at most {limit} bytes.") from None
    except ValueError as error:
        raise BadRequest(f"The form is not UTF-8, or has more than {max_fields} fields.") from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise BadRequest("The form contains NUL.")
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


def form_fields(schema: type[Schema], *, lists: Sequence[str] = ()) -> dict[str, Any]:
    """The form's fields as `schema` loads them; those of `lists` may be repeated and are lists. Raises Invalid."""
    return loaded(schema, form_pairs(), lists=lists)


def loaded(schema: type[Schema], pairs: Sequence[tuple[str, str]], *, lists: Sequence[str] = ()) -> dict[str, Any]:
    """The same of pairs that were read before."""
    single = [(name, value) for name, value in pairs if name not in lists]
    values: dict[str, Any] = dict(single)
    if len(values) < len(single):
        raise Invalid(repeated(name for name, _ in single))
    for name in lists:
        values[name] = [value for other, value in pairs if other == name]
    return load(schema(), values)


def query_fields(schema: type[Schema], *, lists: Sequence[str] = ()) -> dict[str, Any]:
    """The query's parameters as `schema` loads them; empty ones, as forms send them, are none. Raises Invalid."""
    return loaded(schema, [(name, value) for name, value in query_pairs() if value != ""], lists=lists)
