"""What a person does on the console, by the texts of links, buttons and fields; with script or without."""

from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.console.browser import Browser
from tests.console.uploads.page import MINUTES, UploadPage, eventually

MATCH = ("service.name", "collector")

WATCH_PLANS = """
Object.assign(window, { changes: 0, asked: 0, planned: 0 });
document.getElementById("channel-fields").addEventListener("input", () => { changes += 1; });
document.addEventListener("htmx:beforeRequest", () => { asked = changes; });
document.addEventListener("htmx:afterSettle", () => { planned = asked; });
"""


@dataclass(frozen=True)
class Person:
    """Somebody before a browser. `has_script`: whether the browser runs scripts."""

    browser: Browser
    has_script: bool = True

    def opens(self, path: str) -> None:
        """Open a path of the service."""
        self.browser.chrome.get(f"{self.browser.console.url}{path}")

    def sees(self, text: str) -> bool:
        """Whether the page shows this text."""
        return text in self.browser.text("body")

    def goes(self, text: str) -> None:
        """Press the link or the button of this text, and wait for the page that it leads to."""
        self.browser.script("window.isOld = true")
        self.control(text).click()
        self.browser.until(self.is_drawn)

    def is_drawn(self) -> bool:
        """Whether another page is there, its scripts, too."""
        state = "return !window.isOld && document.readyState === 'complete' && document.documentElement.dataset.script"
        return self.browser.script(state) == ("" if self.has_script else None)

    def control(self, text: str) -> WebElement:
        """The link or the button of this text, as soon as it is shown."""
        path = f"//*[self::a or self::button or self::summary][normalize-space()='{text}']"
        return self._shown(path)

    def types(self, label: str, text: str) -> None:
        """Type into the field of this label, in place of what is there."""
        field = self._field(label)
        if field.tag_name == "select":
            Select(field).select_by_visible_text(text)
            return
        field.clear()
        field.send_keys(text)

    def _field(self, label: str) -> WebElement:
        named = "//*[self::input or self::select or self::textarea]"
        by_label = f"{named}[@id = //label[normalize-space()='{label}']/@for]"
        return self._shown(f"{by_label} | {named}[@aria-label='{label}']")

    def _shown(self, path: str) -> WebElement:
        def found() -> WebElement | None:
            all_of_them = self.browser.chrome.find_elements(By.XPATH, path)
            return next((each for each in reversed(all_of_them) if each.is_displayed()), None)

        shown: WebElement = self.browser.until(found)
        return shown

    def logs_in(self, username: str, password: str) -> None:
        """Fill in the login, which is the page that is there."""
        self.types("User name", username)
        self.types("Password", password)
        self.goes("Log in")

    def drops(self, *files: Path) -> None:
        """Drop files on the upload page, which is there, until they are published."""
        page = UploadPage.__new__(UploadPage)
        page.browser = self.browser
        self.browser.until(lambda: self.browser.all("[data-uploads][data-ready]"))
        page.drop(*files)
        eventually(lambda: list(page.states.values()) == ["published"] * len(files), MINUTES)

    def makes_a_channel(self, name: str, package: str) -> None:
        """From the list of channels: a channel with the latest of a package, by its plan."""
        self.goes("New channel")
        self.browser.script(WATCH_PLANS)
        self.types("Name", name)
        self._presses("Attribute")
        self.types("Attribute", MATCH[0])
        self.types("Value", MATCH[1])
        self._presses("Package")
        self.types("Package", package)
        if self.has_script:
            self.browser.until(lambda: self.browser.script("return planned === changes"))
        else:
            self.goes("Show it anew")
        assert self.sees("No agent that has spoken so far has these attributes.")
        self.goes(self.browser.text("#save"))

    def _presses(self, text: str) -> None:
        """Press a button that adds a row: without script that is a page of its own."""
        if self.has_script:
            self.control(text).click()
        else:
            self.goes(text)

    def yanks(self, version: str, reason: str) -> None:
        """On a package's page: take a version back."""
        self._field(f"Choose {version}").click()
        self.goes("Yank…")
        self.types("Reason", reason)
        self.goes(self.browser.text(".decide button"))

    def deletes(self, version: str, typed: str) -> None:
        """On a package's page: remove a version for good, with what is to be typed for that."""
        self._field(f"Choose {version}").click()
        self.goes("Delete…")
        self.types(f"Type {typed} to go on", typed)
        self.goes(self.browser.text(".decide button"))

    def makes_a_token(self, name: str) -> str:
        """On the page of tokens: a token for jobs, which is read off the page."""
        if not self._is_shown("Make the token"):
            self.control("New token").click()
        self.types("Name", name)
        self.types("Role", "publisher")
        self.goes("Make the token")
        token = self.browser.text(".code pre")
        self.goes("I have stored it")
        return token

    def _is_shown(self, text: str) -> bool:
        buttons = self.browser.chrome.find_elements(By.XPATH, f"//button[normalize-space()='{text}']")
        return any(each.is_displayed() for each in buttons)
