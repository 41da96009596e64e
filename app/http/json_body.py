"""A request's body as one JSON object (RFC 8259), read within its limit."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from flask import request
from marshmallow import Schema

from app.errors import BadRequest, Invalid, TooLarge, UnsupportedMediaType, UploadInterrupted
from app.http.body import is_chunked
from app.http.content_headers import refuse_coded_body, refuse_partial_body
from app.http.query import no_parameters
from app.http.validation import load, repeated

LIMIT = 2**20
"""Bytes of a body that is not a package."""


def json_fields(schema: Schema, limit: int = LIMIT) -> dict[str, Any]:
    """The body's fields as `schema` loads them, of a request that takes no parameters.

    Raises UnsupportedMediaType, TooLarge, UploadInterrupted, UploadTimedOut, BadRequest, Invalid.
    """
    text = json_text(limit)
    no_parameters()
    return load(schema, json_object(text))


def json_text(limit: int) -> bytes:
    """The body as it came, if it says that it is JSON and has at most `limit` bytes."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send a JSON object with Content-Type: application/json.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the JSON object in UTF-8.")
    refuse_coded_body(request.environ)
    return read_body(limit)


def read_body(limit: int, what: str = "A body of JSON") -> bytes:
    """The whole body, refused by its Content-Length before it is read where it has one; `what` it is, for that.

    Raises TooLarge, UploadInterrupted, UploadTimedOut, BadRequest.
    """
    length = request.content_length
    if length is None and not is_chunked(request.environ):
        return b""
    if length is not None and length > limit:
        raise _too_large(limit, what)
    refuse_partial_body(request.environ)
    content: bytes = request.environ["wsgi.input"].read(limit + 1 if length is None else length)
    if length is not None and len(content) < length:
        raise UploadInterrupted
    if len(content) > limit:
        raise _too_large(limit, what)
    return content


def _too_large(limit: int, what: str) -> TooLarge:
    return TooLarge(f"{what} may have at most {limit} bytes.")


def json_object(text: bytes) -> dict[str, Any]:
    """The one object that `text` is.

    Raises BadRequest if it is not JSON; Invalid for another value, a repeated name, or half a surrogate pair,
    which JSON can spell and UTF-8 cannot.
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unrepeated, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Invalid({"_schema": ["Must not contain half a surrogate pair."]}) from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON in UTF-8, or is nested too deep.") from error
    if not isinstance(value, dict):
        raise Invalid({"_schema": ["Must be a JSON object."]})
    return value


def _unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Invalid(repeated(name for name, _ in pairs))
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
