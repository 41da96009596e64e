"""The navigation where it is a row: the page's own entry is in sight."""

from tests.console.browser import Browser
from tests.console.site import Console

IN_SIGHT = """
const row = document.querySelector(".nav").getBoundingClientRect();
const entry = document.querySelector(".nav [aria-current]").getBoundingClientRect();
return entry.left >= row.left && entry.right <= row.right;
"""


def test_the_current_entry_is_in_sight(browser: Browser, catalogue: Console) -> None:
    """On a narrow page the row begins where its last entries can be seen, if one of them is the page's."""
    browser.width(400)
    browser.be("admin").visit("service", "service")
    assert browser.script(IN_SIGHT)
