"""The upload page for tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.site import Console
from tests.console.uploads.page import Line, UploadPage, file_of, line_to


@pytest.fixture
def page(browser: Browser) -> Iterator[UploadPage]:
    """The page, as the publisher sees it."""
    yield UploadPage(browser.be("publisher"))
    # Nobody is asked whether to leave.
    browser.script("document.querySelectorAll('[data-all=cancel-all]').forEach((button) => button.click())")


@pytest.fixture
def line(console: Console) -> Iterator[Line]:
    """The service through a proxy."""
    with line_to(console) as built:
        yield built


@pytest.fixture
def distant(browser: Browser, line: Line) -> Iterator[UploadPage]:
    """The page through the proxy."""
    through = Browser(browser.chrome, line).be("publisher")
    yield UploadPage(through)
    through.script("document.querySelectorAll('[data-all=cancel-all]').forEach((button) => button.click())")


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file of a release: its name, and its bytes."""
    return lambda name, size=20_000, seed=None: file_of(tmp_path / name, size, seed)
