"""Logging in and out, in the browser."""

import json
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from app.accounts.roles import Role
from tests.console.browser import Browser
from tests.console.site import COOKIE, PASSWORD, Console


def log_in(browser: Browser, username: str, password: str) -> None:
    """Fill the form in and send it."""
    browser.one("#username").clear()
    browser.one("#username").send_keys(username)
    browser.one("#password").send_keys(password)
    browser.follows(browser.one(".gate .primary").click)


def test_a_login_returns_to_where_it_came_from(browser: Browser) -> None:
    """Whoever opens a page without a session logs in, and is on that page."""
    browser.visit("?a=1", "login")
    log_in(browser, "agent", PASSWORD)
    assert (browser.path, browser.page) == ("/ui/?a=1", "overview")
    browser.assert_clean()


def test_a_login_returns_to_any_name(console: Console) -> None:
    """What is no ASCII, and what must not stand bare in a path, comes back as it was."""
    path = "/ui/packages/%C3%BCber%20%3Fx%25?q=%C3%BC&state=all"
    login = console.client().get(path).headers["Location"]
    target = parse_qs(urlsplit(login).query)["next"][0]
    form = {"username": "agent", "password": PASSWORD, "next": target}
    assert console.client().post("/ui/login", data=form).headers["Location"] == path


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "\\evil.example", "https://evil.example", "/ui//evil.example", "/ui/\\evil", "/api/v1/me",
     "/ui/../swagger", "/ui/%2e%2E/swagger", "/ui/a\r\nX: y", "/uix", "javascript:alert(1)"],
)  # fmt: skip
def test_a_login_leads_nowhere_else(console: Console, target: str) -> None:
    """Whatever `next` is that is no path under /ui/, the login leads to /ui/."""
    form = {"username": "agent", "password": PASSWORD, "next": target}
    answer = console.client().post("/ui/login", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui/")


def test_wrong_password_and_unknown_name(browser: Browser, console: Console) -> None:
    """A wrong password and an unknown name are 401 with the API's sentence; the name stays in the form."""
    told = []
    for name in ("agent", "nobody-of-this-name"):
        browser.visit("login", "login")
        log_in(browser, name, "wrong")
        told.append(browser.text("[data-focus]"))
        assert browser.one("#username").get_attribute("value") == name
        assert browser.script("return document.activeElement.dataset.focus") == ""
        browser.assert_clean("401")
        assert console.client().post("/ui/login", data={"username": name, "password": "wrong"}).status_code == 401
    api = console.client().post("/api/v1/auth/login", json={"username": "agent", "password": "wrong"})
    assert told == [api.get_json(force=True)["detail"]] * 2


def test_failures_are_counted_with_the_api(console: Console) -> None:
    """The eleventh failure in pages and API together is 429 with Retry-After, on either."""
    console.user("forgetful", Role.AGENT)
    wrong = {"username": "forgetful", "password": "wrong"}
    client = console.client()
    for _ in range(5):
        assert client.post("/ui/login", data=wrong).status_code == 401
        assert client.post("/api/v1/auth/login", json=wrong).status_code == 401
    page, api = client.post("/ui/login", data=wrong), client.post("/api/v1/auth/login", json=wrong)
    assert (page.status_code, api.status_code) == (429, 429)
    assert 0 < int(page.headers["Retry-After"]) <= 300
    assert "Too many failed logins" in page.text


def test_the_cookie(console: Console) -> None:
    """The cookie is HttpOnly, Lax, for /ui and for the browser's session only."""
    answer = console.client().post("/ui/login", data={"username": "agent", "password": PASSWORD})
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    key, *attributes = rest.split("; ")
    assert name == COOKIE
    assert len(key) >= 43
    assert set(attributes) == {"HttpOnly", "SameSite=Lax", "Path=/ui"}


def test_nothing_secret_is_in_reach_of_script(browser: Browser) -> None:
    """Neither document.cookie nor web storage nor the page holds the session's key after a login."""
    browser.visit("login", "login")
    log_in(browser, "agent", PASSWORD)
    key = browser.chrome.get_cookie(COOKIE)["value"]
    stores = "return JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, document.body.outerHTML])"
    assert key not in browser.script(stores)
    assert browser.script("return [document.cookie, localStorage.length]") == ["", 0]


def test_cookie_and_bearer_open_nothing_of_each_other(console: Console) -> None:
    """The cookie is 401 at the API, a bearer leads to the login of the pages."""
    client = console.client("admin")
    client.set_cookie(COOKIE, console.session("admin"), path="/")
    assert client.get("/api/v1/me").status_code == 401
    login = {"username": "agent", "password": PASSWORD}
    token = console.client().post("/api/v1/auth/login", json=login).get_json(force=True)["token"]
    answer = console.client().get("/ui/?x=1", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui/login?next=/ui/?x%3D1")


def test_a_logout_ends_every_tab(browser: Browser) -> None:
    """A logout in one tab ends the other's session, and Back shows the login."""
    browser.be("agent").visit("", "overview")
    browser.follows(browser.one(".me form button").click)
    assert "You are logged out" in browser.text()
    browser.follows(browser.chrome.back)
    assert browser.page == "login"


def test_a_session_ends_with_its_user(console: Console) -> None:
    """A demotion counts from the next click on; a new password and a disabled user end the session."""
    accounts = console.parts.accounts
    user_id = console.user("short-lived", Role.PUBLISHER)
    client = console.client("short-lived")
    assert client.post("/ui/token").status_code == 200
    accounts.change_user(user_id, role=Role.AGENT)
    assert client.post("/ui/token").status_code == 403
    accounts.change_user(user_id, password="another password")
    assert client.get("/ui/").status_code == 303
    client = console.client("short-lived")
    assert client.get("/ui/").status_code == 200
    accounts.change_user(user_id, is_active=False)
    assert client.get("/ui/").status_code == 303


def test_a_token_for_uploads(console: Console) -> None:
    """POST /ui/token gives a publisher a token that the API takes, for ten minutes at most."""
    answer = console.client("publisher").post("/ui/token").get_json()
    request = urllib.request.Request(f"{console.url}/api/v1/me", headers={"Authorization": f"Bearer {answer['token']}"})
    with urllib.request.urlopen(request, timeout=30) as me:
        assert json.load(me)["username"] == "publisher"
    assert answer["expires_at"].endswith("Z")


def test_a_session_renewed_in_a_dialog(browser: Browser, console: Console) -> None:
    """When a session ends under a page, a login in a dialog renews it, and what was typed stays."""
    browser.be("agent").visit("", "overview")
    browser.script("document.querySelector('main').insertAdjacentHTML('beforeend', '<input id=typed>')")
    browser.one("#typed").send_keys("half a sentence")
    browser.set_cookie(COOKIE, "ended")
    browser.script("document.dispatchEvent(new CustomEvent('session-ended'))")
    browser.one("#again-password").send_keys("wrong")
    browser.one("#again .primary").click()
    assert "password is wrong" in browser.text("#again [data-fault]")
    browser.one("#again-password").clear()
    browser.one("#again-password").send_keys(PASSWORD)
    browser.one("#again .primary").click()
    browser.until(lambda: not browser.script("return document.getElementById('again').open"))
    assert browser.one("#typed").get_attribute("value") == "half a sentence"
    assert browser.script("return fetch('./').then((answer) => answer.url)").endswith("/ui/")
