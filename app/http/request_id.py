"""The id that one request carries through its answer, its errors and its log line."""

import re
import secrets

from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_id() -> str:
    """A fresh id: 128 random bits in hex."""
    return secrets.token_hex(16)


def request_id() -> str:
    """The current request's id: the client's own if it is acceptable, else a new one, the same all along."""
    if not has_request_context():
        return new_id()
    if "request_id" not in g:
        offered = request.headers.get(HEADER, "")
        g.request_id = offered if ACCEPTABLE.fullmatch(offered) else new_id()
    return str(g.request_id)


def _add_header(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response


def register(app: Flask) -> None:
    """Put the id on every response of `app`."""
    app.after_request(_add_header)
