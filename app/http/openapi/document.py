"""The OpenAPI document of all routes, made from what stands beside the handlers."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Flask, Response, current_app
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields

from app.config import Config
from app.http.converters import BIGINT_MAX, BigIntConverter
from app.http.openapi.describe import OWN_STATUSES, SECURITY_SCHEME, answers, operation, without_token
from app.http.openapi.properties import ecma_pattern, in_vocabulary
from app.http.openapi.swagger import page
from app.http.problems import MEDIA_TYPE
from app.http.services import get

VERSION = "1.0.0"
EXTENSION = "opamp-packages-openapi"

DESCRIPTION = """Agent packages: publish, find, download.

Bearer tokens come from `POST /api/v1/auth/login` (people) and `POST /api/v1/tokens` (machines). Every operation names
in `x-role` the lowest role that may call it: `agent` < `publisher` < `admin`. Every error is a problem (RFC 9457),
and every answer carries `X-Request-ID`."""

ERROR_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}

blueprint = Blueprint("description", __name__, description="This description, and its page.")


class ProblemSchema(Schema):
    """An error (RFC 9457)."""

    type = fields.String(required=True, metadata={"example": "urn:opamp-packages:problem:not-found"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With 422: the messages for each field or parameter."},
    )
    parts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "With 503 of /health and /health/ready: `ok` or `down` for each part."},
    )


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's document, without its answers to errors: ours are problems."""

    def _register_error_handlers(self) -> None:
        """app.http.problems has them."""

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            self._register_response(status.name, status.phrase, ERROR_HEADERS.get(status, {}))
        for phrase in OWN_STATUSES.values():
            self._register_response(phrase.upper().replace(" ", "_"), phrase, {})
        self._register_response(self.DEFAULT_ERROR_RESPONSE_NAME, "Any other error", {})

    def _register_response(self, name: str, description: str, headers: dict[str, Any]) -> None:
        content = {MEDIA_TYPE: {"schema": ProblemSchema}}
        response = {"description": description, "headers": headers, "content": content}
        self.spec.components.response(name, response, lazy=True)


def register(
    app: Flask, public_url: str, blueprints: Sequence[Blueprint], vocabularies: Mapping[str, dict[str, Any]]
) -> None:
    """Serve `blueprints` in `app`, and the document and the page that describe them.

    `vocabularies`: components that fields refer to by name.
    """
    api = ProblemApi(spec_kwargs=_specification(public_url))
    api.register_converter(BigIntConverter, _bigint_schema)
    api.init_app(app)
    for attribute_function in (in_vocabulary, ecma_pattern):
        api.ma_plugin.converter.add_attribute_function(attribute_function)
    for name, component in vocabularies.items():
        api.spec.components.schema(name, component)
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api.spec.components.security_scheme(SECURITY_SCHEME, scheme)
    for described in (*blueprints, blueprint):
        api.register_blueprint(described)
    as_text = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    app.extensions[EXTENSION] = orjson.dumps(api.spec.to_dict(), option=as_text)


def _specification(public_url: str) -> dict[str, Any]:
    return {
        "title": "OpAMP package service",
        "version": VERSION,
        "openapi_version": "3.0.3",
        "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": public_url}, {"url": "/", "description": "The host that this page came from."}],
    }


def _bigint_schema(_converter: BigIntConverter) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "minimum": 1, "maximum": BIGINT_MAX}


@blueprint.route("/")
class Root(MethodView):
    """Where people arrive."""

    @answers(302, headers={"Location": {"schema": {"type": "string"}}})
    @without_token
    @operation("get_root")
    def get(self) -> Response:
        """On to the console, or to /swagger where there is none."""
        url = get(Config).server.public_url
        place = "/ui/" if get(Config).console.enabled else "/swagger"
        return Response(status=302, headers={"Location": urlsplit(url).path + place})


@blueprint.route("/openapi.json")
class Document(MethodView):
    """The document."""

    @answers(200, {"type": "object"})
    @without_token
    @operation("get_document")
    def get(self) -> Response:
        """This document."""
        return Response(current_app.extensions[EXTENSION], content_type="application/json")


@blueprint.route("/swagger")
class Page(MethodView):
    """The page."""

    @answers(200, {"type": "string"}, content_type="text/html")
    @without_token
    @operation("get_page")
    def get(self) -> Response:
        """A page to read this document and to try it out; it needs no other host."""
        return page()
