"""The upload page with a row in every state: axe, widths, and the pictures of docs/console.md."""

import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.uploads.page import Line, UploadPage, api
from tests.console.uploads.test_queue import sha256

Release = Callable[..., Path]
SHOTS = os.environ.get("OPAMP_TEST_PICTURES")
"""A folder to put pictures in; docs/pictures has those of the documentation."""

VERSION = "0.120.0-rc.1"
NAME = f"edge-collector_{VERSION}_{{}}.tar.gz".format


@pytest.fixture
def every_state(distant: UploadPage, line: Line, release: Release) -> UploadPage:
    """The page while two files are sent, one waits, and the others have come to their ends."""
    client = api(line)
    at = {"name": "edge-collector", "version": VERSION, "platform": "linux"}
    small = {arch: release(NAME(f"linux_{arch}"), 2_400_000) for arch in ("amd64", "arm64", "386", "armv7", "s390x")}
    assert client.put(small["arm64"].read_bytes(), **at, arch="arm64").status == 201
    assert client.put(b"other bytes", **at, arch="386").status == 201
    sums = release("checksums.txt", 0)
    lines = {file.name: sha256(file) for file in small.values()} | {small["s390x"].name: "0" * 64}
    sums.write_text("".join(f"{digest}  {name}\n" for name, digest in lines.items()))
    distant.choose(sums, *small.values()).until("published", "same", "refused", "needs-fields")
    line.counter.rate = 6_000_000
    large = [release(NAME(place), 60_000_000) for place in ("darwin_amd64", "darwin_arm64", "windows_amd64")]
    distant.choose(*large)
    distant.until_sent(large[0].name, 0.15)
    distant.press(large[1].name, "pause")
    distant.until_sent(large[2].name, 0.02)
    return distant


def test_every_state(every_state: UploadPage) -> None:
    """axe finds nothing in either theme, and nothing sticks out at any width, whatever state a row is in."""
    assert complaints(every_state.browser, "upload") == {}


def test_empty(browser: Browser) -> None:
    """The page before a file is chosen has its pictures."""
    UploadPage(browser.be("admin"))
    for theme in ("light", "dark"):
        browser.theme(theme)
        picture(browser, f"upload-empty-{theme}")
    assert browser.page == "upload"


def picture(browser: Browser, name: str) -> None:
    """Keep a picture of the page, if that is asked for."""
    if SHOTS is not None:
        browser.script("document.activeElement.blur(); scrollTo(0, 0)")
        taken = browser.chrome.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        (Path(SHOTS) / f"{name}.png").write_bytes(b64decode(taken["data"]))


def complaints(browser: Browser, name: str) -> dict[str, list[str]]:
    """What axe finds and what sticks out, by theme and width; a picture is taken of each."""
    found: dict[str, list[str]] = {}
    for theme in ("light", "dark"):
        browser.theme(theme)
        for width in (1280, 400, 320):
            browser.width(width, 1400)
            found[f"{theme} {width}"] = [*browser.overflow(), *(browser.axe() if width == 1280 else [])]
            picture(browser, f"{name}-{theme}-{width}")
    return {where: what for where, what in found.items() if what}
