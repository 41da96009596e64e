"""Routing errors: paths and methods that are none, and what is told of them."""

from flask import abort, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound


def refuse_leading_slashes() -> None:
    """404 for a path that begins with two slashes, `%2f` being one.

    werkzeug leaves out all but one: `//metrics` would be `/metrics`, past a proxy that denies that.
    """
    if request.environ["PATH_INFO"].startswith("//"):
        abort(404)


def detail(error: HTTPException) -> str | None:
    """What to do about a routing error; None for any other."""
    match error:
        case NotFound():
            return f"There is no such route. The routes: {', '.join(_prefixes())}. /swagger describes them."
        case MethodNotAllowed() if request.headers.get("Upgrade", "").lower() == "websocket":
            return "This service speaks plain HTTP only, and no WebSocket: OpAMP's messages are POSTed to /v1/opamp."
    return None


def _prefixes() -> list[str]:
    """All routes, each up to its first parameter."""
    return sorted({rule.rule.partition("/<")[0] for rule in current_app.url_map.iter_rules()})
