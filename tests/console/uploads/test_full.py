"""A storage without room: told at the row, and tried again until there is some."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.parts.postgres import Postgres
from tests.console.browser import Browser
from tests.console.site import Console, running_console
from tests.console.uploads.page import UploadPage, api, packages
from tests.console.uploads.test_queue import LINUX
from tests.faults.small_disk import mounted

Release = Callable[..., Path]
SIZE = 9_400_000
"""Bytes: two such files fit into the 24 MiB, a third does not."""


@pytest.fixture
def small(tmp_path: Path, postgres_server: Postgres, database_template: None) -> Iterator[Console]:
    """The service on a small disk."""
    folder = tmp_path / "small"
    with mounted(folder) as is_mounted:
        if not is_mounted:
            pytest.fail("mounting needs root: .ci/run has it")
        with running_console(folder, postgres_server, "console_small_disk") as console:
            yield console


def test_no_room(session_browser: Browser, small: Console, release: Release) -> None:
    """507: the row says that the storage is full, and goes on once something is deleted."""
    page = UploadPage(Browser(session_browser.chrome, small).be("publisher"))
    fitting = [release(LINUX.format(f"fits-{number}"), SIZE) for number in range(2)]
    page.choose(*fitting).until("published")
    file = release(LINUX.format("too-many"), SIZE)
    page.choose(file).until("retrying", names=[file.name])
    page.browser.until(lambda: "storage is full" in page.told(file.name))
    assert packages(small, "too-many") == []
    [old] = packages(small, "fits-0")
    assert api(small).delete(old["id"]).status == 204
    page.until("published", names=[file.name])
