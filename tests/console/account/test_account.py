"""The caller's own account, jump and keys."""

from flask.testing import FlaskClient
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from app.accounts.roles import Role
from tests.console.browser import Browser
from tests.console.catalogue import MAIN
from tests.console.site import PASSWORD, Console

NEW = "another password of the tests"


def test_a_session_ends_another(console: Console) -> None:
    """Of two sessions of a user one ends the other, which is a login page from then on; others' sessions stay."""
    console.user("two-sessions", Role.AGENT)
    one, two = console.client("two-sessions"), console.client("two-sessions")
    assert one.get("/ui/account").text.count('data-session="') == 2
    newest = console.parts.sessions.of_user(console.parts.accounts.store.credentials("two-sessions").id)[0].id
    assert console.client("agent").post("/ui/account/sessions", data={"id": newest}).status_code == 422
    assert one.post("/ui/account/sessions", data={"id": newest}).status_code == 303
    assert two.get("/ui/account").status_code == 303
    assert one.get("/ui/account").status_code == 200


def test_a_new_password(browser: Browser, console: Console) -> None:
    """The old password is asked for; the new one ends every session, and holds from then on."""
    console.user("changes-password", Role.AGENT)
    other = console.client("changes-password")
    browser.be("changes-password").visit("account", "account")
    for field, text in (("current", "wrong"), ("password", NEW), ("repeated", NEW)):
        browser.one(f"#{field}").send_keys(text)
    browser.follows(browser.one("[aria-labelledby=password-title] .primary").click)
    assert "Is not your password" in browser.text(".faults")
    assert browser.script("return document.activeElement.classList.contains('faults')")
    for field, text in (("current", PASSWORD), ("password", NEW), ("repeated", NEW)):
        browser.one(f"#{field}").send_keys(text)
    browser.follows(browser.one("[aria-labelledby=password-title] .primary").click)
    assert (browser.page, other.get("/ui/").status_code) == ("login", 303)
    login = {"username": "changes-password", "password": NEW}
    assert console.client().post("/ui/login", data=login).status_code == 303


def test_passwords_that_are_refused(agent: FlaskClient) -> None:
    """A short password, and one that is repeated otherwise, are 422 beside their field."""
    for password, repeated, field in (("short", "short", "password"), (NEW, f"{NEW}!", "repeated")):
        form = {"current": PASSWORD, "password": password, "repeated": repeated}
        answer = agent.post("/ui/account/password", data=form)
        assert answer.status_code == 422
        assert f'id="{field}-fault"' in answer.text


def test_theme(browser: Browser, console: Console) -> None:
    """A theme that is chosen shows at once, and on the next page before any script."""
    browser.be("agent").visit("", "overview")
    browser.one(".theme button").click()
    assert browser.script("return document.documentElement.dataset.theme") == "dark"
    browser.until(lambda: "opamp_theme" in {cookie["name"] for cookie in browser.chrome.get_cookies()})
    browser.visit("packages")
    assert 'data-theme="dark"' in browser.chrome.page_source
    assert browser.script("return getComputedStyle(document.body).backgroundColor") == "rgb(13, 16, 20)"


def test_keys(browser: Browser, catalogue: Console) -> None:
    """g p goes to packages, / to the search, ? lists the keys; none of it while they are turned off."""
    browser.be("agent").visit("", "overview")
    press = ActionChains(browser.chrome)
    browser.follows(press.send_keys("gp").perform)
    assert browser.page == "packages"
    ActionChains(browser.chrome).send_keys("/").perform()
    assert browser.script("return document.activeElement.name") == "q"
    browser.one("[type=search]").send_keys("?")
    assert browser.script("return document.getElementById('keys').open") is False
    browser.visit("account", "account")
    browser.one("[name=shortcuts]").click()
    browser.follows(browser.one("[name=shortcuts] ~ *, [action$=shortcuts] .btn").click)
    ActionChains(browser.chrome).send_keys("?").perform()
    assert browser.script("return document.getElementById('keys').open") is False


def test_jump(browser: Browser, catalogue: Console) -> None:
    """Ctrl K opens a field that finds packages by name; Enter leads to the first."""
    browser.be("agent").visit("account", "account")
    ActionChains(browser.chrome).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
    field = browser.one("#jump [type=search]")
    assert browser.script("return document.activeElement === arguments[0]", field)
    field.send_keys("contrib")
    browser.one("#jump-results a")
    browser.assert_clean()
    browser.follows(lambda: field.send_keys(Keys.ENTER))
    assert browser.path == f"/ui/packages/{MAIN}"


def test_service_page(browser: Browser, catalogue: Console) -> None:
    """The service's page tells what it stands on and that it answers."""
    browser.be("admin").visit("service", "service")
    states = {
        part.get_attribute("data-part"): part.get_attribute("data-state")
        for part in browser.all("[data-part][data-state]")
    }
    assert states == {"database": "ok", "storage": "ok"}
