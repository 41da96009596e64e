"""Request ids: one for a request, its answer, its errors and its log line."""

import random
import re

from flask import Flask, Response, has_request_context, request

HEADER = "X-Request-ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
KEPT_AS = "opamp_packages.request_id"
"""The key in the WSGI environ: it outlives Flask's contexts, as a streamed body does."""


def new_id() -> str:
    """A fresh id: 128 random bits in hex. Not the system's bits: they cost a system call, and nothing rests on them."""
    return f"{random.getrandbits(128):032x}"


def request_id() -> str:
    """The current request's id: the client's own if it is acceptable, else a new one, the same all along."""
    if not has_request_context():
        return new_id()
    environ = request.environ
    known: str | None = environ.get(KEPT_AS)
    if known is None:
        offered = environ.get("HTTP_X_REQUEST_ID", "")
        known = environ[KEPT_AS] = offered if ACCEPTABLE.fullmatch(offered) else new_id()
    return known


def _add_header(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response


def register(app: Flask) -> None:
    """Put the id on every response of `app`."""
    app.after_request(_add_header)
