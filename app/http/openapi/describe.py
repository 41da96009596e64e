"""OpenAPI decorators: what the document says of a handler.

These decorators leave the handler unwrapped, so that no request pays for the document. They stand below
`requires`.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import Schema

from app.http.openapi.properties import reference

View = TypeVar("View", bound=Callable[..., Any])

_smorest = Blueprint("descriptions", __name__)

SECURITY_SCHEME = "bearer"
"""The name of the security scheme in the document's components."""


BYTES = {"type": "string", "format": "binary"}
"""The schema of a file, or of any other bytes."""


OWN_STATUSES = {460: "Checksum Mismatch"}
"""Statuses that are not HTTP's: tus has one."""

PHRASES = {status.value for status in HTTPStatus}


def operation(name: str) -> Callable[[View], View]:
    """The operation's id: what generated clients call it."""
    return _describing(_smorest.doc(operationId=name))


def downloads(view: View) -> View:
    """The answer is a file: all of it, or the range that was asked for."""
    whole = answers(200, BYTES, content_type="application/octet-stream")
    return also_answers(206, BYTES, content_type="application/octet-stream")(whole(refuses(404, 412, 416, 502)(view)))


def answers(
    status: int, schema: type[Schema] | Schema | dict[str, Any] | None = None, **described: Any
) -> Callable[[View], View]:
    """The handler's answer when all is well; `described` as flask-smorest's `response` takes it."""
    return _describing(_smorest.response(status, schema, **described))


def also_answers(status: int, schema: type[Schema] | dict[str, Any], **described: Any) -> Callable[[View], View]:
    """Another status, with a body of its own; `described` as flask-smorest's `alt_response` takes it."""
    phrase = HTTPStatus(status).phrase
    return _describing(_smorest.alt_response(status, schema=schema, description=phrase, **described))


def refuses(*statuses: int) -> Callable[[View], View]:
    """Problems that the handler may answer with, beside those that every handler may."""

    def describe(view: View) -> View:
        for status in statuses:
            name = HTTPStatus(status).name if status in PHRASES else OWN_STATUSES[status].upper().replace(" ", "_")
            _describing(_smorest.alt_response(status, name))(view)
        return view

    return describe


def conditional(view: View) -> View:
    """A change that is made only if If-Match and If-None-Match let it."""
    text = {"type": "string"}
    if_match = {"in": "header", "name": "If-Match", "schema": text, "description": "The ETag that it must have."}
    if_none = {"in": "header", "name": "If-None-Match", "schema": text, "description": "`*`: it must not be there."}
    return refuses(412)(_describing(_smorest.doc(parameters=[if_match, if_none]))(view))


def takes(
    schema: type[Schema], media_type: str = "application/json", *, required: bool = True
) -> Callable[[View], View]:
    """The body: a JSON object that the handler reads with `json_fields`, or of another media type."""
    body = {"required": required, "content": {media_type: {"schema": schema}}}
    described = _describing(_smorest.doc(requestBody=body))
    return lambda view: refuses(400, 413, 415)(described(view))


def takes_bytes(*media_types: str, required: bool = True) -> Callable[[View], View]:
    """The body: bytes of one of these media types."""
    content = {media_type: {"schema": BYTES} for media_type in media_types}
    described = _describing(_smorest.doc(requestBody={"required": required, "content": content}))
    return lambda view: refuses(413, 415)(described(view))


def asks(schema: type[Schema], *others: dict[str, Any]) -> Callable[[View], View]:
    """The query parameters that the handler reads with `parameters`; `others` stand elsewhere, in the header."""
    return _describing(_smorest.doc(parameters=[{"in": "query", "schema": schema}, *others]))


def in_header(*headers: dict[str, Any]) -> Callable[[View], View]:
    """The headers that the handler reads."""
    return _describing(_smorest.doc(parameters=list(headers)))


def in_path(**names: str | None) -> list[dict[str, Any]]:
    """The parameters of a path, each with its vocabulary if it has one."""
    text = {"type": "string", "minLength": 1}
    return [
        {"in": "path", "name": name, "required": True, "schema": reference(vocabulary) if vocabulary else text}
        for name, vocabulary in names.items()
    ]


def for_role(label: str) -> Callable[[View], View]:
    """The lowest role that may call the handler."""
    role = {"security": [{SECURITY_SCHEME: []}], "x-role": label}
    described = _describing(_smorest.doc(**role))
    return lambda view: refuses(401, 403, 422, 503)(described(view))


def for_everyone(view: View) -> View:
    """The handler needs no token."""
    return refuses(422, 503)(without_token(view))


def without_token(view: View) -> View:
    """The handler looks at neither token nor query."""
    return _describing(_smorest.doc(security=[]))(view)


def _describing(decorator: Callable[[Any], Any]) -> Callable[[View], View]:
    """Take what flask-smorest's decorator notes on its wrapper, and leave the wrapper."""

    def describe(view: View) -> View:
        view._apidoc = decorator(view)._apidoc  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        return view

    return describe
