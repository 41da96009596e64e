"""Pictures of pages, for people to look at and for the documentation: OPAMP_SHOTS names the folder they go to."""

import os
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.everywhere.test_pages import PAGES, opened
from tests.console.site import Console

SIZES = {"light": 1280, "dark": 1280, "narrow": 400}


@pytest.mark.parametrize("path", PAGES)
def test_shots(browser: Browser, catalogue: Console, tmp_path: Path, path: str) -> None:
    """Each page can be taken a picture of, light, dark and narrow, without a complaint."""
    folder = Path(os.environ.get("OPAMP_SHOTS") or tmp_path)
    opened(browser, path)
    name = "".join(character if character.isalnum() else "-" for character in path) or "overview"
    for look, width in SIZES.items():
        browser.theme("dark" if look == "dark" else "light")
        browser.width(width)
        height = browser.script("return Math.min(document.documentElement.scrollHeight, 4000)")
        browser.width(width, max(height, 860))
        file = folder / f"{name}-{look}.png"
        assert browser.chrome.get_screenshot_as_file(str(file))
        assert file.stat().st_size > 5000
    browser.assert_clean("404")
