"""Pictures of pages, for people to look at and for the documentation: OPAMP_SHOTS names the folder they go to."""

import os
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.everywhere.test_pages import PAGES, opened
from tests.console.site import Console

SIZES = {"light": 1280, "dark": 1280, "narrow": 400}

TYPE_VERSION = """
const [field] = document.getElementsByName("packages.version");
field.value = arguments[0];
field.dispatchEvent(new Event("input", {bubbles: true}));
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    return Path(os.environ.get("OPAMP_SHOTS") or tmp_path)


@pytest.mark.parametrize("path", PAGES)
def test_shots(browser: Browser, catalogue: Console, folder: Path, path: str) -> None:
    """Each page can be taken a picture of, light, dark and narrow, without a complaint."""
    opened(browser, path)
    name = "".join(character if character.isalnum() else "-" for character in path) or "overview"
    take(browser, folder, name)
    browser.assert_clean("404")


def test_shots_of_a_plan(browser: Browser, catalogue: Console, folder: Path) -> None:
    """The channel editor, whose plan tells which agents would change as soon as another version is typed."""
    opened(browser, "channels/stable/edit")
    browser.script(TYPE_VERSION, "0.116.1")
    browser.until(lambda: "0.116.1" in browser.text("#plan"))
    take(browser, folder, "plan")
    browser.assert_clean()


def take(browser: Browser, folder: Path, name: str) -> None:
    """Take the pictures of the page as it is."""
    for look, width in SIZES.items():
        browser.theme("dark" if look == "dark" else "light")
        browser.width(width)
        height = browser.script("return Math.min(document.documentElement.scrollHeight, 4000)")
        browser.width(width, max(height, 860))
        file = folder / f"{name}-{look}.png"
        assert browser.chrome.get_screenshot_as_file(str(file))
        assert file.stat().st_size > 5000
