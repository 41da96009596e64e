"""What holds for every page: axe, themes, widths, weights. A page that is new stands in PAGES."""

import pytest

from tests.console.browser import Browser
from tests.console.catalogue import FAILING_AGENT, LATEST, MAIN, POLICY, WATCHED
from tests.console.ended_rollout import ROLLOUT
from tests.console.site import Console

PAGES = {
    "login": "login",
    "nowhere": "error",
    "": "overview",
    "packages": "packages",
    "packages?q=nothing-of-this-name&platform=linux": "packages",
    "packages?state=blocked&trust=untrusted": "packages",
    f"packages/{MAIN}": "package",
    f"packages/{MAIN}/{LATEST}": "version",
    "packages/nothing-of-this-name": "error",
    f"packages/{WATCHED}": "package",
    f"packages/{WATCHED}/1.46.0": "version",
    f"files/change?change=delete&name={MAIN}&version=0.116.0": "change",
    "account": "account",
    "service": "service",
    "channels": "channels",
    "channels/stable": "channel",
    "channels/new": "channel-editor",
    "channels/stable/edit": "channel-editor",
    "agents": "agents",
    f"agents/{FAILING_AGENT}": "agent",
    "rollouts": "rollouts",
    "rollouts?state=running": "rollouts",
    f"rollouts/{ROLLOUT}": "rollout",
    "tokens": "tokens",
    "users": "users",
    "upload": "upload",
    "policies": "policies",
    "policies/new": "policy-editor",
    f"policies/{POLICY}": "policy",
    f"policies/{POLICY}/edit": "policy-editor",
}
"""Paths below /ui/ and their body[data-page], for an admin; the first as nobody."""

WIDTHS = (320, 400, 500, 860, 1180, 1440)


def opened(browser: Browser, path: str) -> Browser:
    """The page, as it is for an admin, with all that comes after it."""
    browser.be(None if path == "login" else "admin")
    browser.chrome.get_log("browser")
    browser.chrome.get(f"{browser.console.url}/ui/{path}")
    browser.until(lambda: browser.page == PAGES[path] and not browser.all("[data-loading]"))
    return browser


@pytest.mark.parametrize("path", PAGES)
def test_axe(browser: Browser, catalogue: Console, path: str) -> None:
    """axe finds nothing, in either theme and within each dialog."""
    found = {}
    opened(browser, path)
    for theme in ("light", "dark"):
        browser.theme(theme)
        found[theme] = browser.axe()
    for dialog in browser.script("return [...document.querySelectorAll('dialog')].map((each) => each.id)"):
        browser.script("document.getElementById(arguments[0]).showModal()", dialog)
        found[dialog] = browser.axe()
        browser.script("document.getElementById(arguments[0]).close()", dialog)
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("path", PAGES)
def test_widths(browser: Browser, catalogue: Console, path: str) -> None:
    """From 320 to 1440 pixels nothing sticks out of the page."""
    opened(browser, path)
    found = {}
    for width in WIDTHS:
        browser.width(width)
        found[width] = browser.overflow()
    assert {width: what for width, what in found.items() if what} == {}


@pytest.mark.parametrize("path", PAGES)
def test_weight(browser: Browser, catalogue: Console, path: str) -> None:
    """A first page takes 150 KB at most and 1,500 nodes; a later one 20 KB, all else kept by the browser."""
    browser.chrome.execute_cdp_cmd("Network.clearBrowserCache", {})
    opened(browser, path)
    sent = (
        "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];"
        "return all.reduce((sum, entry) => sum + entry.transferSize, 0)"
    )
    assert browser.script(sent) <= 150_000
    assert browser.script("return document.querySelectorAll('*').length") <= 1500
    browser.chrome.get(f"{browser.console.url}/ui/{path}")
    assert browser.script(sent) <= 20_000
