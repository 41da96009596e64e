"""Publishing and yanking by keys alone. tests/console/fleet saves a channel so."""

from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.console.browser import Browser
from tests.console.catalogue import api, publish
from tests.console.site import Console
from tests.console.uploads.page import UploadPage, file_of

NAME = "by-keys"
MOST = 80
"""Controls that a page may have before the one that is sought."""


def press(browser: Browser, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(browser.chrome).send_keys(*keys).perform()


def tab_to(browser: Browser, selector: str, *, backwards: bool = False) -> None:
    """Press Tab, with Shift for `backwards`, until the focus is on such an element."""
    for _ in range(MOST):
        press(browser, *((Keys.SHIFT, Keys.TAB, Keys.SHIFT) if backwards else (Keys.TAB,)))
        if browser.script("return document.activeElement.matches(arguments[0])", selector):
            return
    raise AssertionError(f"Tab does not come to {selector} on {browser.path}")


def test_upload(browser: Browser, empty_console: Console, tmp_path: Path) -> None:
    """The choice of files is reached by Tab; a file that is asked about has its fields next, and Enter takes them."""
    file = file_of(tmp_path / f"{NAME}_1.0.0_linux_armv7", 2000)
    page = UploadPage(browser.be("publisher"))
    tab_to(browser, "input[type=file]")
    browser.script("return document.activeElement").send_keys(str(file))
    page.until("needs-fields")
    tab_to(browser, "[data-upload] [data-asked]")
    tab_to(browser, "[data-upload] .fix button")
    press(browser, Keys.ENTER)
    page.until("published")
    assert [each["arch"] for each in api(empty_console).get(f"/api/v1/packages?name={NAME}").get_json()] == ["arm"]


def test_yank(browser: Browser, empty_console: Console) -> None:
    """A version is chosen by Space, and the page that asks why is left by Enter."""
    publish(empty_console, NAME, "1.0.0")
    browser.be("publisher").visit(f"packages/{NAME}", "package")
    tab_to(browser, "[data-version='1.0.0'] [type=checkbox]")
    press(browser, Keys.SPACE)
    tab_to(browser, "button[value=yank]", backwards=True)
    browser.follows(lambda: press(browser, Keys.ENTER))
    tab_to(browser, "#reason")
    press(browser, "only a try")
    tab_to(browser, ".decide .primary")
    browser.follows(lambda: press(browser, Keys.ENTER))
    assert "1 file was yanked" in browser.text()
    browser.assert_clean()
