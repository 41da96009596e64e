"""The channel editor and a token that is shown once, in the browser: by keyboard, and with the plan as one types."""

import uuid

import pytest
from flask.testing import FlaskClient
from selenium.webdriver.common.keys import Keys

from tests.console.browser import Browser
from tests.console.fleet.fleet import api, publish, put, settled
from tests.console.site import Console

MATCH = {"site": "browser"}


@pytest.fixture(scope="module")
def fleet(console: Console) -> FlaskClient:
    """The API, with a channel whose one agent has a package's first version."""
    made = api(console)
    publish(made, "typed", "1.0.0", "1.1.0")
    put(made, "typing", MATCH, typed="1.0.0")
    settled(made, site="browser")
    return made


@pytest.fixture
def client(fleet: FlaskClient) -> FlaskClient:
    """The same, with the channel as it was at first."""
    put(fleet, "typing", MATCH, typed="1.0.0")
    return fleet


def retype(browser: Browser, selector: str, text: str) -> None:
    """Put another text into a field, by keys alone."""
    field = browser.one(selector)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text)


def test_the_plan_comes_by_itself(client: FlaskClient, browser: Browser) -> None:
    """Once the editor is there, it asks for the plan of what the channel is."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    browser.until(lambda: browser.text("#save") == "Save: no agent changes")
    browser.assert_clean()


def test_figures_come_by_themselves(client: FlaskClient, browser: Browser) -> None:
    """A channel's page asks how its agents stand once it is there."""
    browser.be("publisher").visit("channels/typing", "channel")
    browser.until(lambda: browser.all('#channel-agents [data-package="typed"]'))
    browser.assert_clean()


def test_the_plan_changes_as_one_types(client: FlaskClient, browser: Browser) -> None:
    """Another version, and the button says what saving would do; the focus stays where it was."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    retype(browser, '[name="packages.version"]', "latest")
    browser.until(lambda: browser.text("#save") == "Save: 1 agent upgrades")
    assert browser.script("return document.activeElement.name") == "packages.version"
    browser.assert_clean()


def test_a_channel_is_saved_by_keyboard(client: FlaskClient, browser: Browser) -> None:
    """Fields, the plan and the button by keys alone; then the channel's page shows it."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    retype(browser, '[name="packages.version"]', "1.1.0")
    browser.until(lambda: "upgrades" in browser.text("#save"))
    browser.follows(lambda: browser.one("#save").send_keys(Keys.ENTER))
    assert (browser.page, browser.path) == ("channel", "/ui/channels/typing")
    assert "1.1.0" in browser.text('[data-package="typed"]')


TYPE_AND_SAVE = """
const field = document.querySelector(`[name="${arguments[0]}"]`);
field.value = arguments[1];
field.dispatchEvent(new InputEvent("input", {bubbles: true}));
document.getElementById("save").click();
"""
"""Both within a moment: the plan of what was typed is not even asked for."""


def test_save_waits_for_the_plan(client: FlaskClient, browser: Browser) -> None:
    """Pressed before the plan is there, the button shows what it would do; only the next press does it."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    browser.until(lambda: browser.text("#save") == "Save: no agent changes")
    browser.script(TYPE_AND_SAVE, "packages.version", "1.1.0")
    browser.until(lambda: browser.text("#save") == "Save: 1 agent upgrades")
    assert client.get("/api/v1/channels/typing").get_json()["packages"][0]["version"] == "1.0.0"
    browser.follows(browser.one("#save").click)
    assert browser.page == "channel"


def test_save_goes_on_where_the_plan_is_the_same(client: FlaskClient, browser: Browser) -> None:
    """A description changes nothing for agents: one press saves it, once the plan has said so."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    browser.until(lambda: browser.text("#save") == "Save: no agent changes")
    browser.follows(lambda: browser.script(TYPE_AND_SAVE, "description", "said in haste"))
    assert browser.page == "channel"
    assert client.get("/api/v1/channels/typing").get_json()["description"] == "said in haste"


def test_removal_asks_for_the_name(client: FlaskClient, browser: Browser) -> None:
    """A dropped row is a removal: the page asks for the name, and saves once it is typed."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    browser.one('[data-row="package"] [data-drop-row]').click()
    browser.until(lambda: browser.all("#confirm"))
    browser.one("#confirm").send_keys("typing")
    browser.follows(browser.one("#save").click)
    assert browser.page == "channel"
    assert client.get("/api/v1/channels/typing").get_json()["packages"] == []


def test_a_row_is_added(client: FlaskClient, browser: Browser) -> None:
    """A new attribute has the focus; once it is filled in, the plan knows of it."""
    browser.be("publisher").visit("channels/typing/edit", "channel-editor")
    browser.one('[data-add-row="match"]').click()
    assert browser.script("return document.activeElement.name") == "match.key"
    browser.script("return document.activeElement").send_keys("absent", Keys.TAB, Keys.TAB, "x")
    browser.until(lambda: "No agent that has spoken so far" in browser.text("#plan"))
    browser.assert_clean()


def test_a_token_is_gone_after_a_reload(console: Console, browser: Browser) -> None:
    """It is on the page that answers; the list that comes next has it not."""
    browser.be("admin").visit("tokens", "tokens")
    name = f"browser {uuid.uuid4()}"
    if not browser.script("return document.getElementById('new-token').open"):
        browser.one("#new-token > summary").click()
    browser.one("#name").send_keys(name)
    browser.follows(browser.one("#new-token form .primary").click)
    assert browser.page == "token"
    token = browser.text("pre")
    browser.follows(browser.one("[data-stored]").click)
    assert name in browser.text()
    assert token not in browser.chrome.page_source
