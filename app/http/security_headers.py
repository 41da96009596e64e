"""Security headers, which keep browsers from doing more with an answer than showing it."""

from flask import Flask, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Even a package that is HTML loads and runs nothing, and nobody frames it.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    # Answers are for one caller, and some hold a token: no cache between keeps them.
    "Cache-Control": "no-store",
}
"""For every answer that has no such header of its own."""


def _add_headers(response: Response) -> Response:
    own = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in own:
            response.headers.add(name, value)
    return response


def register(app: Flask) -> None:
    """Put the headers on every response of `app`."""
    app.after_request(_add_headers)
