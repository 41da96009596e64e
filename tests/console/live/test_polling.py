"""When an open page asks for newer figures: not while nobody sees it or wants them, and soon after a failure."""

from collections.abc import Iterator

import pytest

from tests.console.browser import Browser
from tests.console.site import Console

WATCH = """
Object.assign(window, { asked: 0, held: 0, again: 0, atOnce: null });
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.defaultPrevented) held += 1;
  else asked += 1;
  if (event.detail.requestConfig.triggeringEvent?.type === "refresh") again += 1;
});
document.addEventListener("visibilitychange", () => {
  const before = asked;
  setTimeout(() => { atOnce = asked - before; });
}, { capture: true });
"""

LATER = "const now = Date.now; Date.now = () => now.call(Date) + 20_000;"


@pytest.fixture
def open_page(browser: Browser, catalogue: Console) -> Iterator[Browser]:
    """The overview, watched; its window is there again in the end."""
    yield watched(browser.be("agent").visit("", "overview"))
    window(browser, "normal")


def watched(browser: Browser) -> Browser:
    """The page, which counts what it asks for from now on."""
    browser.script(WATCH)
    return browser


def window(browser: Browser, state: str) -> None:
    """Have the window `minimized` or `normal`, and wait until its page knows."""
    found = browser.chrome.execute_cdp_cmd("Browser.getWindowForTarget", {})
    bounds = {"windowId": found["windowId"], "bounds": {"windowState": state}}
    browser.chrome.execute_cdp_cmd("Browser.setWindowBounds", bounds)
    browser.until(lambda: browser.script("return document.hidden") == (state == "minimized"))


def test_a_hidden_page_asks_nothing(open_page: Browser) -> None:
    """A minimized window lets its polls pass by; as soon as it is seen again, it asks at once."""
    window(open_page, "minimized")
    before = open_page.script("return asked")
    open_page.until(lambda: open_page.script("return held > 0"))
    assert open_page.script("return asked") == before
    window(open_page, "normal")
    open_page.until(lambda: open_page.script("return atOnce !== null"))
    assert open_page.script("return atOnce") >= 1


def test_a_paused_page_asks_nothing(open_page: Browser) -> None:
    """The button stops the polls and says since when; pressed again, it asks at once."""
    button = open_page.one("[data-pause-live]")
    button.click()
    assert open_page.text("[data-age-of=overview]").startswith("Paused at ")
    before = open_page.script("return asked")
    open_page.until(lambda: open_page.script("return held > 0"))
    assert open_page.script("return asked") == before
    button.click()
    assert open_page.script("return asked") == before + 1
    assert open_page.text("[data-age-of=overview]") == "Live"


def test_a_service_that_is_stopped(open_page: Browser, console: Console) -> None:
    """The figures stay, the page says since when it has no answer, asks again between polls, and is live again."""
    shown = open_page.text("#overview")
    console.service.stop()
    try:
        open_page.script(f"{LATER} htmx.trigger('#overview', 'refresh'); again = 0;")
        open_page.until(lambda: "No answer since" in open_page.text("[data-age-of=overview]"))
        open_page.until(lambda: open_page.script("return again >= 2"))
        assert open_page.text("#overview") == shown
    finally:
        console.service.start(wait_for="/health/ready")
    open_page.until(lambda: open_page.text("[data-age-of=overview]") == "Live")
