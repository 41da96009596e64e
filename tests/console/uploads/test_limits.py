"""What uploads take of the browser, and what they are without WebAssembly or script."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser, started
from tests.console.site import Console
from tests.console.uploads.page import Line, UploadPage, api, packages
from tests.console.uploads.test_interrupted import SIZE
from tests.console.uploads.test_queue import LINUX, sha256

Release = Callable[..., Path]
MORE = 80_000_000
"""Bytes of memory that an upload may take."""


def renderers(chromedriver: int) -> dict[int, int]:
    """Private memory in bytes of each renderer below a chromedriver."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"--type=renderer" in command and chromedriver in ancestors(int(process.name)):
                found[int(process.name)] = private(process)
        except OSError:
            continue  # it has ended
    return found


def ancestors(pid: int) -> set[int]:
    """The processes that a process descends from."""
    found: set[int] = set()
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.add(pid)
    return found


def private(process: Path) -> int:
    """Bytes that only this process has."""
    lines = (process / "smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Private_"))


def test_progress(distant: UploadPage, line: Line, release: Release) -> None:
    """While a file is sent its row says how much of it, how fast, and how long it will take."""
    file = release(LINUX.format("progress"), 60_000_000)
    distant.choose(file)
    shown = [0.0]
    told = re.compile(r"[0-9.]+ of 60\.0 MB.*B/s.*about .* left")
    for _ in range(3):
        line.counter.hold(15_000_000)
        line.counter.until_held()
        distant.browser.until(lambda: told.search(distant.told(file.name)) and distant.sent(file.name) > shown[-1])
        shown.append(distant.sent(file.name))
        line.counter.let_go()
    distant.until("published")


def test_memory(page: UploadPage, release: Release) -> None:
    """A large file takes less than 80 MB of the tab."""
    file = release(LINUX.format("large"), SIZE)
    driver = page.browser.chrome.service.process.pid
    before = renderers(driver)
    page.choose(file)
    most = 0
    while page.states.get(file.name) not in ("published", "failed", "refused"):
        now = renderers(driver)
        # The browser may start a spare renderer meanwhile: only those count that were there.
        most = max([most, *(now[pid] - before[pid] for pid in before.keys() & now)])
    assert page.states[file.name] == "published"
    assert 0 < most < MORE


@pytest.fixture
def without_wasm(console: Console, tmp_path: Path) -> Iterator[Browser]:
    """A browser that has no WebAssembly."""
    chrome = started(tmp_path / "profile", "--js-flags=--jitless")
    yield Browser(chrome, console).be("publisher")
    chrome.quit()


def test_without_webassembly(without_wasm: Browser, console: Console, release: Release) -> None:
    """Where files cannot be hashed they are sent all the same, and the service's digest is shown."""
    page = UploadPage(without_wasm)
    file = release(LINUX.format("unhashed"), 3_000_000)
    page.choose(file).until("published")
    assert "runs no WebAssembly" in page.text
    shown = page.browser.script("return arguments[0].querySelector('.digest').dataset.sha256", page.row(file.name))
    assert shown == sha256(file)


def test_without_script(browser: Browser, console: Console, release: Release) -> None:
    """Without script the page has the command, which publishes."""
    browser.be("publisher")
    browser.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.chrome.get(f"{console.url}/ui/upload?name=scripted&version=1.0.0&platform=linux&arch=amd64")
        assert "need JavaScript" in browser.one("noscript .note").text
        command = browser.one("main .code pre").text
        assert browser.all("[data-uploads]")[0].is_displayed() is False
    finally:
        browser.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    file = release("scripted.tar.gz")
    token = api(console, "publisher").token
    environ = {"PATH": os.environ["PATH"], "FILE": str(file), "TOKEN": token}
    subprocess.run(["sh", "-c", command], check=True, env=environ, capture_output=True, timeout=60)
    assert [each["checksum"] for each in packages(console, "scripted")] == [sha256(file)]
