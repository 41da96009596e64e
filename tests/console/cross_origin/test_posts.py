"""Who may POST: pages of ours, and nobody else."""

import pytest
from flask.testing import FlaskClient

from app.console.blueprint import ROUTES
from tests.console.browser import Browser
from tests.console.site import PASSWORD, Console

FOREIGN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": ""},
]
"""What others' requests say of themselves; without a server in between the Host is localhost."""

STATE = (
    "SELECT (SELECT count(*) FROM console_sessions), (SELECT count(*) FROM login_attempts), "
    "(SELECT count(*) FROM packages), (SELECT count(*) FROM channels), (SELECT count(*) FROM users)"
)


def posts(console: Console) -> list[str]:
    """Every path of the console that takes a POST, its parameters filled in."""
    rules = [rule for rule in console.app.url_map.iter_rules() if rule.rule.startswith("/ui/")]
    adapter = console.app.url_map.bind("localhost")
    filled = [(rule, dict.fromkeys(rule.arguments, 1)) for rule in rules if "POST" in (rule.methods or ())]
    return [adapter.build(rule.endpoint, values, method="POST") for rule, values in filled]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_origin(console: Console, headers: dict[str, str]) -> None:
    """Every POST route refuses whoever is no page of ours with 403, and nothing is done."""
    client = console.client("admin")
    del client.environ_base["HTTP_SEC_FETCH_SITE"]
    before = state(console)
    paths = posts(console)
    assert len(paths) >= 4
    for path in paths:
        answer = client.post(path, data={"username": "admin", "password": PASSWORD}, headers=headers)
        assert (path, answer.status_code) == (path, 403)
        assert "another site" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert state(console) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "http://localhost"},
    ],
    ids=str,
)
def test_a_page_of_ours(console: Console, headers: dict[str, str]) -> None:
    """A form of ours is taken, by Fetch Metadata, or by an Origin that is the Host's."""
    client = console.client()
    del client.environ_base["HTTP_SEC_FETCH_SITE"]
    form = {"username": "agent", "password": PASSWORD}
    assert client.post("/ui/login", data=form, headers=headers).status_code == 303


def test_the_public_url(console: Console) -> None:
    """An Origin that is public_url's is ours by whatever Host a proxy asks for."""
    client = console.client()
    del client.environ_base["HTTP_SEC_FETCH_SITE"]
    form = {"username": "agent", "password": PASSWORD}
    answer = client.post("/ui/login", data=form, headers={"Origin": console.url, "Host": "inside:8080"})
    assert answer.status_code == 303


def test_a_form_on_another_site(browser: Browser, console: Console) -> None:
    """A form that another origin's page sends is refused, and begins no session."""
    before = state(console)
    browser.be("admin")
    fields = "".join(f"<input name={name} value='{value}'>" for name, value in (("username", "a"), ("password", "b")))
    form = f"<form id=form method=post action='{console.url}/ui/logout'>{fields}</form>"
    browser.chrome.get(f"data:text/html,{form}")
    browser.script("document.getElementById('form').submit()")
    browser.until(lambda: browser.script("return document.body.dataset.page === 'error'"))
    assert "another site" in browser.text()
    assert state(console)[0] == before[0] + 1


def test_by_another_name_over_plain_http(browser: Browser, console: Console) -> None:
    """By a host name to which browsers send no Fetch Metadata a login works, by its Origin."""
    url = f"http://console.test:{console.service.port}"
    browser.chrome.get(f"{url}/ui/login")
    browser.one("#username").send_keys("agent")
    browser.one("#password").send_keys(PASSWORD)
    browser.follows(browser.one(".gate .primary").click)
    assert browser.chrome.current_url == f"{url}/ui/"
    assert browser.script("return window.isSecureContext") is False


def test_framing(browser: Browser, console: Console) -> None:
    """A page of the console is not drawn in another's frame."""
    browser.chrome.get(f"data:text/html,<iframe src='{console.url}/ui/login'></iframe>")
    browser.chrome.switch_to.frame(0)
    browser.until(lambda: browser.script("return location.href").startswith("chrome-error:"))
    browser.chrome.switch_to.default_content()


def test_every_route_has_a_role(console: Console) -> None:
    """Every route of the console is registered by a decorator that says who may open it, static files aside."""
    console_rules = {rule.endpoint for rule in console.app.url_map.iter_rules() if rule.endpoint.startswith("console.")}
    assert console_rules - {"console.static_file"} == set(ROUTES)


def test_gets_change_nothing(admin: FlaskClient, console: Console) -> None:
    """A GET of every page leaves all tables as they were."""
    adapter = console.app.url_map.bind("localhost")
    before = checksums(console)
    for endpoint, route in ROUTES.items():
        rule = next(console.app.url_map.iter_rules(endpoint))
        if route.kind != "action":
            path = adapter.build(endpoint, dict.fromkeys(rule.arguments, 1))
            assert admin.get(path).status_code != 500
    assert checksums(console) == before


def state(console: Console) -> tuple[int, ...]:
    """Counts of what a POST could change."""
    with console.parts.database.reading() as connection:
        return tuple(connection.exec_driver_sql(STATE).one())


def checksums(console: Console) -> dict[str, object]:
    """What is in every table."""
    tables = console.app.extensions["migrate"].db.metadata.tables
    with console.parts.database.reading() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT count(*), md5(string_agg(t::text, '')) FROM {table} AS t").one()
            for table in tables
        }
