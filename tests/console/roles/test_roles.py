"""Every role against every route."""

import pytest

from app.accounts.roles import Role
from app.console.blueprint import ROUTES, Route
from app.console.pages import MODULES
from tests.console.site import Console

NOBODY = 999_999
WHO = {None: None, "agent": Role.AGENT, "publisher": Role.PUBLISHER, "admin": Role.ADMIN}


ENDPOINTS = sorted(ROUTES) if MODULES else []
"""All of them, once the pages' modules are imported."""


def path_of(console: Console, endpoint: str) -> str:
    """The route's path, its parameters those of nothing that is there: an admin deletes users, too."""
    rule = next(console.app.url_map.iter_rules(endpoint))
    method = "POST" if ROUTES[endpoint].kind == "action" else "GET"
    return console.app.url_map.bind("localhost").build(endpoint, dict.fromkeys(rule.arguments, NOBODY), method=method)


def expected(route: Route, who: str | None) -> str:
    """What such a caller gets: in, or how they are refused."""
    role = WHO[who]
    if route.role is None:
        return "in"
    if role is None:
        return "login" if route.kind == "page" else "401"
    return "in" if role >= route.role else "403"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_role(console: Console, endpoint: str, who: str | None) -> None:
    """Whoever has the role of a route or a higher one comes in; others are refused, by login, 401 or 403."""
    route, client = ROUTES[endpoint], console.client(who)
    path = path_of(console, endpoint)
    answer = client.post(path, data={}) if route.kind == "action" else client.get(path)
    wanted = expected(route, who)
    if wanted == "login":
        assert (answer.status_code, "/ui/login?next=" in answer.headers["Location"]) == (303, True)
    elif wanted == "in":
        assert answer.status_code not in (401, 403, 500)
    else:
        assert answer.status_code == int(wanted)
        assert 'data-page="error"' in answer.text
