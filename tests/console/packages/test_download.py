"""A large file downloaded in the browser: its bytes, a range after the network was cut, what it takes of the tab."""

import contextlib
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.site import Console
from tests.console.uploads.page import MINUTES, Line, api, eventually, file_of, line_to
from tests.console.uploads.test_limits import renderers

SIZE = int(os.environ.get("OPAMP_TEST_DOWNLOAD", "64")) << 20
"""Bytes of the file; a long campaign sets OPAMP_TEST_DOWNLOAD to 1024 (MiB)."""

TAB = 32_000_000
"""Bytes of memory that the tab may take meanwhile."""

NAME = "downloaded"


@pytest.fixture
def line(console: Console) -> Iterator[Line]:
    """The service through a proxy."""
    with line_to(console) as built:
        yield built


@pytest.fixture
def published(console: Console, tmp_path: Path) -> str:
    """The file's SHA-256."""
    file = file_of(tmp_path / f"{NAME}.tar.gz", SIZE)
    url = f"{console.url}/api/v1/packages/{NAME}/1.0.0/linux/amd64/{file.name}"
    command = ["curl", "-fsS", "-o", os.devnull, "-T", file, "-H", f"Authorization: Bearer {api(console).token}", url]
    subprocess.run(command, check=True, timeout=60)
    return digest(file)


def digest(path: Path) -> str:
    """The SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_cut(browser: Browser, line: Line, published: str, tmp_path: Path) -> None:
    """Cut at a quarter, the browser goes on by a range: the bytes are the package's, and none goes through the tab."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    asked: list[bytes] = []
    line.proxy.watch = lambda block: asked.append(block) is None
    chrome = browser.chrome
    chrome.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    through = Browser(chrome, line).be("agent").visit(f"packages/{NAME}", "package")
    before = renderers(chrome.service.process.pid)
    line.proxy.delay = 0.02  # seconds for each block: a line of 13 MB/s
    chrome.find_element("link text", "Download in the browser").click()
    eventually(lambda: size_of(folder) > SIZE / 4, MINUTES)
    line.proxy.cut()
    line.proxy.delay = 0
    file, taken = folder / f"{NAME}.tar.gz", [0]

    def is_there() -> bool:
        now = renderers(chrome.service.process.pid)
        taken.extend(now[pid] - before[pid] for pid in before.keys() & now)
        return file.exists() and file.stat().st_size == SIZE

    eventually(is_there, MINUTES)
    assert digest(file) == published
    assert max(taken) < TAB
    ranges = [int(found[1]) for found in re.finditer(rb"(?i)\r\nrange: bytes=(\d+)-", b"".join(asked))]
    assert ranges
    assert min(ranges) > SIZE / 5
    through.assert_clean()


def size_of(folder: Path) -> int:
    """Bytes of the files in it; the browser renames one meanwhile."""
    sizes = 0
    for each in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            sizes += each.stat().st_size
    return sizes
