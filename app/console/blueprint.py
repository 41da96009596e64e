"""Flask blueprint of the console, and the decorators that say who may open which page."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from flask import Blueprint, Response

from app.accounts.roles import Role
from app.console import session
from app.console.links import see, this_page
from app.console.origin import refuse_cross_origin
from app.errors import Unauthorized

View = Callable[..., Response]

blueprint = Blueprint("console", __name__, url_prefix="/ui", template_folder="templates")
blueprint.before_request(refuse_cross_origin)


@dataclass(frozen=True, slots=True)
class Route:
    """Who may open a route: callers with `role` or a higher one, everybody where it is None."""

    role: Role | None
    kind: Literal["page", "fragment", "action"]


ROUTES: dict[str, Route] = {}
"""Every route by its endpoint."""


def page(path: str, role: Role | None, *, besides: str | None = None) -> Callable[[View], View]:
    """A page: GET. Without a session it leads to the login, and from there back.

    `besides`: a path that links take instead where its converters allow their values.
    """
    return _registering(path, Route(role, "page"), besides)


def fragment(path: str, role: Role) -> Callable[[View], View]:
    """A part of a page, fetched by script: GET. Without a session it is 401, which the script answers by a dialog."""
    return _registering(path, Route(role, "fragment"))


def action(path: str, role: Role | None) -> Callable[[View], View]:
    """A change: POST. Without a session it is 401."""
    return _registering(path, Route(role, "action"))


def _registering(path: str, route: Route, besides: str | None = None) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        guarded = _guarded(view, route)
        methods = ["POST" if route.kind == "action" else "GET"]
        for each in filter(None, (besides, path)):
            blueprint.add_url_rule(each, view.__name__, guarded, methods=methods)
        ROUTES[f"{blueprint.name}.{view.__name__}"] = route
        return guarded

    return decorate


def _guarded(view: View, route: Route) -> View:
    role = route.role
    if role is None:
        return view

    @functools.wraps(view)
    def guarded(**path: object) -> Response:
        found = session.current()
        if found is None and route.kind == "page":
            return see("login", next=this_page())
        if found is None:
            raise Unauthorized("You are not logged in, or your session has ended. Log in again.")
        found.caller.insist_on(role)
        return view(**path)

    return guarded
