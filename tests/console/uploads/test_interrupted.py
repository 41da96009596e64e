"""Uploads of a page whose network is cut, whose service is killed, and that is loaded anew: published once, and hardly
a byte is sent twice.
"""

import contextlib
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException

from tests.console.browser import Browser
from tests.console.site import Console
from tests.console.uploads.page import MINUTES, Line, UploadPage, api, eventually, packages
from tests.console.uploads.test_queue import LINUX, sha256
from tests.faults.client import sha256 as sha256_of

SIZE = int(os.environ.get("OPAMP_TEST_UPLOAD", "128")) * 1_000_000
"""Bytes of the file; a long campaign sets OPAMP_TEST_UPLOAD to 500 (MB)."""

Release = Callable[..., Path]


def downloaded(console: Console, name: str) -> str:
    """The SHA-256 of the one package of this name, as its bytes are downloaded."""
    [package] = packages(console, name)
    return sha256_of(api(console).download(package["id"]).body)


def test_cut_and_killed(distant: UploadPage, line: Line, release: Release) -> None:
    """The network is away at 40 %, the service is killed at 60 %: published once with less than 1.1 times its bytes."""
    file = release(LINUX.format("cut-and-killed"), SIZE)
    line.counter.hold(0.4 * SIZE)
    distant.choose(file)
    line.counter.until_held()
    distant.until_sent(file.name, 0.4)
    with line.proxy.refusing():
        line.counter.let_go()
        distant.until("retrying")
        assert "The service does not answer." in distant.told(file.name)
        # It is away for longer than the first attempt.
        distant.browser.until(lambda: re.search("Trying again in [2-9] s", distant.told(file.name)))
        line.counter.hold(0.2 * SIZE)
    line.counter.until_held()
    distant.until_sent(file.name, 0.6)
    line.service.kill()
    line.counter.let_go()
    line.service.start(wait_for="/health/ready")
    eventually(lambda: distant.states[file.name] == "published", MINUTES)
    sent = line.counter.bytes / SIZE
    logging.getLogger(__name__).info("%.3f times the bytes of %d MB were sent", sent, SIZE // 1_000_000)
    assert sent < 1.1
    assert downloaded(line, "cut-and-killed") == sha256(file)


def test_loaded_anew(distant: UploadPage, line: Line, release: Release, tmp_path: Path) -> None:
    """After a reload the page lists what is unfinished; another file of that name is refused, the same one goes on."""
    file = release(LINUX.format("loaded-anew"), 40_000_000)
    browser = distant.browser
    leave_at(distant, line, file, 20_000_000)
    sent = line.counter.bytes

    page = UploadPage(browser)
    listed = browser.one("[data-unfinished]").text
    assert file.name in listed
    assert "of 40.0 MB are there" in listed

    other = release(f"elsewhere/{file.name}", 40_000_000)
    page.choose(other).until("refused")
    assert "This is another file than the one that was being sent under this name." in page.told(file.name)
    page.press(file.name, "remove")
    page.choose(file).until("published")
    assert line.counter.bytes - sent < 0.75 * 40_000_000
    assert downloaded(line, "loaded-anew") == sha256(file)
    assert browser.all("[data-unfinished]") == []


def test_another_file_instead(distant: UploadPage, line: Line, release: Release) -> None:
    """Who wants to send another file under the name of an unfinished one may: that one is discarded."""
    file = release(LINUX.format("instead"), 20_000_000)
    leave_at(distant, line, file, 12_000_000)

    page = UploadPage(distant.browser)
    distant.browser.one("[data-unfinished]")
    other = release(f"elsewhere/{file.name}", 20_000_000)
    page.choose(other).until("refused")
    page.press(file.name, "instead")
    page.until("published")
    assert downloaded(line, "instead") == sha256(other)
    eventually(lambda: api(line).get("/uploads?name=instead").json() == [])


def leave_at(page: UploadPage, line: Line, file: Path, size: int) -> None:
    """Choose a file, and leave the page as soon as so many bytes of it are sent; what is on its way is lost."""
    line.counter.hold(size)
    page.choose(file)
    line.counter.until_held()
    leave(page.browser)
    line.proxy.cut()
    line.counter.let_go()


def leave(browser: Browser) -> None:
    """Load the page anew, whatever it asks."""
    browser.script("addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), { capture: true })")
    browser.chrome.execute_cdp_cmd("Page.navigate", {"url": "about:blank"})
    accept(browser)


def accept(browser: Browser) -> None:
    """Press 'leave' where the browser asks."""
    answer: dict[str, Any] = {"accept": True}
    with contextlib.suppress(WebDriverException):  # there is none where no person has pressed anything
        browser.chrome.execute_cdp_cmd("Page.handleJavaScriptDialog", answer)
