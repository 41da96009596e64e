"""The upload queue on a package's page."""

from collections.abc import Callable
from pathlib import Path

from tests.console.browser import Browser
from tests.console.catalogue import MAIN, publish
from tests.console.site import Console
from tests.console.uploads.page import UploadPage, packages
from tests.console.uploads.test_pictures import complaints

Release = Callable[..., Path]
NAME = "queued-here"
MODULES = "return performance.getEntriesByType('resource').map(({ name }) => name.split('/').at(-1))"


def test_files_for_this_package(browser: Browser, console: Console, release: Release) -> None:
    """What is dropped is published as this package, whatever a file's name begins with; then the page shows it."""
    publish(console, NAME, "1.0.0")
    page = UploadPage(browser.be("publisher"), f"packages/{NAME}")
    loaded = browser.script(MODULES)
    assert "files.js" in loaded
    assert not {"queue.js", "service.js", "token"} & set(loaded)
    own, other = release(f"{NAME}_1.1.0_linux_amd64.tar.gz"), release("another_1.1.0_linux_arm64.tar.gz")
    page.drop(own, other)
    page.until("published", "needs-fields")
    assert f"This page is for {NAME}, the file\u2019s name says another." in page.told(other.name)
    page.fill(other.name)
    page.until("published")
    assert sorted(each["arch"] for each in packages(console, NAME) if each["version"] == "1.1.0") == ["amd64", "arm64"]
    browser.follows(browser.one("[data-all=show]").click)
    assert {each.get_attribute("data-version") for each in browser.all("[data-version]")} == {"1.0.0", "1.1.0"}
    browser.assert_clean()


def test_the_button_chooses(browser: Browser, console: Console) -> None:
    """The button at the page's head opens the choice of files; without script it leads to the upload page."""
    publish(console, NAME, "1.0.0")
    UploadPage(browser.be("publisher"), f"packages/{NAME}")
    button = browser.one(".head .primary")
    assert f"/ui/upload?name={NAME}" in str(button.get_attribute("href"))
    browser.script("window.asked = 0; document.querySelector('.uploads input').onclick = (event) => {"
                   " asked += 1; event.preventDefault(); };")  # fmt: skip
    button.click()
    assert browser.script("return asked") == 1
    assert browser.page == "package"


def test_agents_see_none(browser: Browser, console: Console) -> None:
    """Who may not publish gets neither the queue nor its scripts."""
    publish(console, NAME, "1.0.0")
    browser.be("agent").visit(f"packages/{NAME}", "package")
    assert browser.all("[data-uploads]") == []
    assert not {"upload.css", "files.js"} & set(browser.script(MODULES))


def test_looks(browser: Browser, catalogue: Console, release: Release) -> None:
    """axe finds nothing in either theme, and nothing sticks out at any width, while files stand on the page."""
    page = UploadPage(browser.be("publisher"), f"packages/{MAIN}")
    assert complaints(browser, "package-idle") == {}
    page.choose(release(f"{MAIN}_0.121.0_linux_amd64.tar.gz"), release(f"{MAIN}_0.121.0_linux_armv7.tar.gz"))
    page.until("published", "needs-fields")
    assert complaints(browser, "package-queue") == {}
