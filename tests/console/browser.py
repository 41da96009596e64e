"""Headless Chromium, and what holds for every page that it draws."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.console.site import COOKIE, Console
from tests.e2e.test_swagger_page import OPTIONS

PATIENCE = 30
"""Seconds that a busy machine may take."""

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""

RUN_AXE = """
const done = arguments[arguments.length - 1];
const options = {
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};
const told = (each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`;
axe.run(document, options).then((result) => done(result.violations.map(told))).catch((error) => done([String(error)]));
"""


def started(profile: Path, *options: str) -> webdriver.Chrome:
    """A browser with this profile whose console is kept; the test is skipped, in CI failed, where there is none."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        told = "no chromium and chromedriver on PATH (Debian: apt-get install chromium chromium-driver)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    settings = webdriver.ChromeOptions()
    settings.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={profile}", *options):
        settings.add_argument(option)
    settings.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=settings, service=webdriver.ChromeService(driver))
    chrome.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    return chrome


CUT_OFF = ("htmx:sendError", "htmx:sendAbort")
"""What htmx says of a request that was under way when its page was left. One that fails has Chromium's own line."""


@dataclass(frozen=True)
class Browser:
    """A browser on the console."""

    chrome: webdriver.Chrome
    console: Console

    def be(self, username: str | None) -> "Browser":
        """Be logged in as this user, or as nobody; without the form, which has its own test."""
        self.chrome.get("about:blank")
        self.chrome.execute_cdp_cmd("Network.clearBrowserCookies", {})
        if username is not None:
            self.set_cookie(COOKIE, self.console.session(username), http_only=True)
        return self

    def set_cookie(self, name: str, value: str, *, http_only: bool = False) -> None:
        """Have a cookie of the console's."""
        cookie = {"name": name, "value": value, "url": f"{self.console.url}/ui", "path": "/ui", "httpOnly": http_only}
        self.chrome.execute_cdp_cmd("Network.setCookie", {**cookie, "sameSite": "Lax"})

    def visit(self, path: str, page: str | None = None) -> "Browser":
        """Open a page; it is the one of this name, and draws without a complaint. `path` begins at /ui/."""
        self.chrome.get("about:blank")
        self.chrome.get_log("browser")
        self.chrome.get(f"{self.console.url}/ui/{path}")
        self.until(lambda: self.script("return document.documentElement.dataset.script !== undefined"))
        if page is not None:
            assert self.page == page
        self.assert_clean()
        return self

    def assert_clean(self, *allowed: str) -> None:
        """No error in the browser's console but `allowed` ones, no breach of the policy, nothing from elsewhere."""
        severe = [entry["message"] for entry in self.chrome.get_log("browser") if entry["level"] == "SEVERE"]
        wrong = [message for message in severe if not any(text in message for text in (*allowed, *CUT_OFF))]
        assert not wrong, wrong
        assert self.script("return window.violations") == []
        loaded = self.script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert [name for name in loaded if not name.startswith(f"{self.console.url}/")] == []

    @property
    def page(self) -> str:
        """body[data-page]."""
        return str(self.script("return document.body.dataset.page"))

    @property
    def path(self) -> str:
        """Path and query of the page."""
        return self.chrome.current_url.removeprefix(self.console.url)

    def script(self, text: str, *arguments: Any) -> Any:
        """What a script gives."""
        return self.chrome.execute_script(text, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements of a CSS selector."""
        return self.chrome.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The first element of a CSS selector, as soon as there is one that is shown."""
        found: WebElement = self.until(lambda: next((each for each in self.all(selector) if each.is_displayed()), None))
        return found

    def text(self, selector: str = "main") -> str:
        """What the first such element shows."""
        return str(self.one(selector).text)

    def until(self, condition: Callable[[], Any]) -> Any:
        """What `condition` gives as soon as that is something; a failure tells where the browser is."""
        try:
            return WebDriverWait(self.chrome, PATIENCE, 0.05).until(lambda _: condition())
        except TimeoutException as error:
            told = f"{self.path} ({self.page}): {self.chrome.get_log('browser')}"
            raise AssertionError(f"still waiting after {PATIENCE} s at {told}") from error

    def follows(self, act: Callable[[], Any]) -> None:
        """Do what leads to another page, and wait until that is drawn."""
        self.script("window.isOld = true")
        act()
        ready = "return !window.isOld && document.documentElement.dataset.script !== undefined"
        self.until(lambda: self.script(ready))

    def width(self, pixels: int, height: int = 1000) -> None:
        """Have a window whose content is that wide."""
        metrics = {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def theme(self, theme: str) -> None:
        """Have a system of this theme."""
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def axe(self) -> list[str]:
        """What axe finds on the page: WCAG 2.2 A and AA, and best practice."""
        self.script(AXE.read_text())
        found: list[str] = self.chrome.execute_async_script(RUN_AXE)
        return found

    def overflow(self) -> list[str]:
        """What sticks out of the page sideways."""
        return list(json.loads(self.script(OVERFLOW)))


OVERFLOW = """
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide) return "[]";
const out = [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > wide + 1);
return JSON.stringify(out.slice(0, 5).map((each) => each.outerHTML.slice(0, 200)));
"""
