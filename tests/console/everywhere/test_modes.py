"""Text of twice the size, and colours that the system forces: nothing is cut off, and what is a control shows it."""

import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser, started
from tests.console.everywhere.test_pages import PAGES, opened
from tests.console.site import Console

FOLDER = os.environ.get("OPAMP_SHOTS")
"""Where pictures go, for people to look at; none are taken without it."""

TWICE = "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26"
"""Twice the sizes that a browser has by default."""

CUT_OFF = """
// What is there for screen readers alone is a pixel in size.
const isPixel = (each) => each.clientWidth === 1;
const isHidden = (each) => each.closest(".hidden, pre, svg") || isPixel(each) || isPixel(each.parentElement);
const isShown = (each) => each.checkVisibility() && !isHidden(each);
const says = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
const hides = (value) => ["hidden", "clip"].includes(value);
return [...document.querySelectorAll("body *")].filter((each) => isShown(each) && says(each)).filter((each) => {
  const { overflowX, overflowY, textOverflow, webkitLineClamp } = getComputedStyle(each);
  const isWide = hides(overflowX) && each.scrollWidth > each.clientWidth + 1 && textOverflow !== "ellipsis";
  return isWide || (hides(overflowY) && each.scrollHeight > each.clientHeight + 2 && webkitLineClamp === "none");
}).map((each) => each.outerHTML.slice(0, 200));
"""

UNMARKED = """
const fields = "input:not([type=hidden], [type=checkbox], [type=file], .hidden), select, textarea";
const controls = `button, .btn, .cell, ${fields}`;
return [...document.querySelectorAll(controls)].filter((each) => each.checkVisibility() && !each.closest(".hidden"))
  .filter((each) => {
    const { borderTopStyle, borderTopWidth } = getComputedStyle(each);
    return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1;
  }).map((each) => each.outerHTML.slice(0, 200));
"""


@pytest.fixture(scope="module")
def large_text(console: Console, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose user has text of twice the size."""
    chrome = started(tmp_path_factory.mktemp("large-text"), TWICE)
    yield Browser(chrome, console)
    chrome.quit()


@pytest.mark.parametrize("path", PAGES)
def test_large_text(large_text: Browser, catalogue: Console, path: str) -> None:
    """Text of 200 % sticks out of no page and is cut off nowhere (WCAG 2.2, 1.4.4)."""
    browser = opened(large_text, path)
    assert browser.script("return getComputedStyle(document.body).fontSize") == "28px"
    found = {}
    for width in (1280, 640):
        browser.width(width)
        found[width] = [*browser.overflow(), *browser.script(CUT_OFF)]
        picture(browser, f"large-{width}", path)
    assert {width: what for width, what in found.items() if what} == {}


@pytest.mark.parametrize("path", PAGES)
def test_forced_colours(browser: Browser, catalogue: Console, path: str) -> None:
    """Where the system's colours are forced every control has a border, and the page that is open is marked."""
    opened(browser, path)
    for theme in ("light", "dark"):
        names = {"forced-colors": "active", "prefers-color-scheme": theme}
        features = [{"name": name, "value": value} for name, value in names.items()]
        browser.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert browser.script("return matchMedia('(forced-colors: active)').matches")
        picture(browser, f"forced-{theme}", path)
    assert browser.script(UNMARKED) == []
    for current in browser.all(".nav [aria-current]"):
        assert current.value_of_css_property("outline-style") == "solid"
    assert browser.overflow() == []


def picture(browser: Browser, look: str, path: str) -> None:
    """Keep a picture of the page, if that is asked for."""
    if FOLDER is not None:
        taken = browser.chrome.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        name = "".join(character if character.isalnum() else "-" for character in path) or "overview"
        (Path(FOLDER) / f"{look}-{name}.png").write_bytes(b64decode(taken["data"]))
