"""Registration of the console in the application: routes, the origin rule, headers, errors as pages."""

from flask import Flask, Response, request
from jinja2 import StrictUndefined

from app.console import assets, error_pages, pages, policy, rendering
from app.console.blueprint import blueprint
from app.console.links import prefix
from app.console.new_name import NewConverter

PAGES = pages.MODULES
"""Named here, so that what registers its routes is imported by what needs them."""


def register(app: Flask) -> None:
    """Serve the console in `app`. After all else: what looks at answers last begins with what the console makes."""
    app.jinja_options = {"undefined": StrictUndefined, "autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    app.url_map.converters |= {"new": NewConverter}
    app.register_blueprint(blueprint)
    app.add_url_rule("/ui", "console_root", to_console, methods=["GET"])
    app.after_request(_finish)
    app.context_processor(rendering.shared_context)
    with app.app_context():
        rendering.add_globals()
        assets.assets()


def to_console() -> Response:
    """308 to the console."""
    return Response(status=308, headers={"Location": f"{prefix()}/ui/"})


def is_console() -> bool:
    """Whether the path is one of the console's, be it a page or none."""
    # Every request of the API comes by here: the request's own `path` would be made anew for each.
    path: str = request.environ["PATH_INFO"]
    return path.startswith("/ui") and (path == "/ui" or path.startswith("/ui/"))


def _finish(response: Response) -> Response:
    if is_console():
        response = error_pages.as_page(response)
        policy.protect(response)
        rendering.compress(response)
    return response
