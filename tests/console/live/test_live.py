"""Live regions: polled, 304 where nothing changed, gentle to what is typed; and pages without PostgreSQL."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import text

from tests.console.browser import Browser
from tests.console.catalogue import MAIN
from tests.console.site import Console

REFRESH = """
window.done = false;
addEventListener("htmx:afterSettle", () => { window.done = true; }, {once: true});
htmx.trigger("#overview", "refresh");
"""


def test_not_modified(catalogue: Console, agent: FlaskClient) -> None:
    """A fragment in which nothing changed is 304 without a body."""
    first = agent.get("/ui/live")
    again = agent.get("/ui/live", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_what_is_typed_stays(browser: Browser, catalogue: Console) -> None:
    """Over ten polls in which figures change, typed text, focus and open details stay."""
    browser.be("admin").visit("", "overview")
    browser.script(
        "const region = document.getElementById('overview');"
        "const made = document.createElement('details'); made.open = true; made.id = 'kept';"
        "const field = document.createElement('input'); field.id = 'typed'; made.append(field);"
        "region.prepend(made);"
        "document.addEventListener('htmx:beforeSwap', (event) => {"
        "  const own = '<details id=kept><input id=typed></details>';"
        "  event.detail.serverResponse = own + event.detail.serverResponse;});"
    )
    browser.one("#typed").send_keys("half a sen")
    for number in range(10):
        with catalogue.parts.database.writing() as connection:
            connection.execute(text("UPDATE packages SET created_by = :who"), {"who": f"ci-{number}"})
        browser.script(REFRESH)
        browser.until(lambda: browser.script("return window.done"))
    browser.one("#typed").send_keys("tence")
    assert browser.one("#typed").get_attribute("value") == "half a sentence"
    assert browser.script("return document.getElementById('kept').open") is True
    browser.assert_clean()


def test_figures_change(browser: Browser, catalogue: Console) -> None:
    """What is published shows up in an open page by itself."""
    browser.be("agent").visit("", "overview")
    with catalogue.parts.database.writing() as connection:
        connection.execute(text("UPDATE packages SET created_by = 'somebody-new'"))
    browser.until(lambda: "somebody-new" in browser.text("#overview"))


def test_without_postgresql(browser: Browser, catalogue: Console) -> None:
    """While PostgreSQL is away a page says so with 503; an open one keeps its figures and knows how old they are."""
    browser.be("agent").visit("", "overview")
    shown = browser.text("#overview")
    with catalogue.database.refusing():
        browser.script("htmx.trigger('#overview', 'refresh')")
        browser.until(lambda: int(browser.one("#overview").get_attribute("data-age") or 0) >= 2)
        assert browser.text("#overview") == shown
        browser.chrome.get(f"{catalogue.url}/ui/packages")
        assert browser.page == "error"
        assert "database does not answer" in browser.text()
    browser.until(lambda: browser.page == "packages")


def test_without_storage(catalogue: Console, admin: FlaskClient) -> None:
    """While the storage is away lists and packages go on, and the service's page says what does not answer."""
    root = Path(catalogue.parts.config.storage.root)
    away = root.rename(root.with_name("away"))
    try:
        page = admin.get("/ui/service").text
        assert 'data-part="storage" data-state="down"' in page
        assert [admin.get(f"/ui/{path}").status_code for path in ("packages", f"packages/{MAIN}", "")] == [200] * 3
    finally:
        away.rename(root)
    assert 'data-part="storage" data-state="ok"' in admin.get("/ui/service").text
