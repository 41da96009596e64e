"""A browser that runs no script: everything but uploads and live figures works."""

from collections.abc import Iterator

import pytest

from tests.console.browser import Browser
from tests.console.catalogue import FAILING_AGENT, MAIN, api, publish
from tests.console.person import Person
from tests.console.site import PASSWORD, Console


@pytest.fixture
def person(browser: Browser, console: Console) -> Iterator[Person]:
    """Somebody whose browser runs no script."""
    browser.chrome.get("about:blank")
    browser.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield Person(browser, has_script=False)
    browser.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_changing(person: Person, empty_console: Console) -> None:
    """Log in, make a channel by its plan, yank, delete, make a token and log out: by forms alone."""
    for version in ("1.0.0", "1.1.0"):
        publish(empty_console, "scriptless", version)
    person.opens("/ui/channels")
    person.logs_in("admin", PASSWORD)
    person.makes_a_channel("stable", "scriptless")
    assert person.browser.page == "channel"
    assert api(empty_console).get("/api/v1/channels/stable").get_json()["match"] == {"service.name": "collector"}
    person.goes("Packages")
    person.goes("scriptless")
    person.yanks("1.1.0", "it crashes")
    assert person.sees("1 file was yanked")
    person.goes("scriptless")
    person.deletes("1.1.0", "scriptless 1.1.0")
    left = api(empty_console).get("/api/v1/packages?name=scriptless").get_json()
    assert [each["version"] for each in left] == ["1.0.0"]
    person.goes("Tokens")
    assert person.makes_a_token("made without script").startswith("eyJ")
    person.browser.one("[aria-label='Log out']").click()
    person.browser.until(lambda: person.browser.page == "login")


def test_reading(person: Person, catalogue: Console) -> None:
    """Filters and their pages, an agent, and the account are there by links and buttons alone."""
    person.browser.be("admin")
    person.opens("/ui/packages")
    person.types("Platform", "windows")
    person.goes("Apply")
    assert "platform=windows" in person.browser.path
    person.goes(MAIN)
    person.goes("Agents")
    person.types("Host, uid or instance id begins with", "linux-arm-000")
    person.goes("Filter")
    assert [each.get_attribute("data-agent") for each in person.browser.all("[data-agent]")] == [str(FAILING_AGENT)]
