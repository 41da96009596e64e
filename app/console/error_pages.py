"""Errors as pages: what the API says as a problem, with a way on; also while PostgreSQL is away.

The API's own answer is made first, so that statuses and sentences are the same, and then shown.
"""

from typing import Any

import orjson
from flask import Response, request

from app.console.rendering import render
from app.http.problems import MEDIA_TYPE

JSON = "application/json"
NO_PAGE = "There is no such page. It may have been moved, or its address is mistyped."
KEPT_HEADERS = ("Retry-After", "Allow")


def as_page(response: Response) -> Response:
    """`response`, or the page that shows it if it is a problem; script that asks for JSON gets the problem."""
    if response.content_type != MEDIA_TYPE or wants_json():
        response.headers.pop("WWW-Authenticate", None)
        return response
    problem: dict[str, Any] = orjson.loads(response.get_data())
    if request.url_rule is None and response.status_code == 404:
        problem["detail"] = NO_PAGE
    retry_after = response.headers.get("Retry-After")
    shown = render("error.html", response.status_code, problem=problem, retry_after=retry_after)
    for name in KEPT_HEADERS:
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def wants_json() -> bool:
    """Whether script asks, which reads the problem itself."""
    accepted = request.accept_mimetypes
    return accepted[JSON] > accepted["text/html"]
