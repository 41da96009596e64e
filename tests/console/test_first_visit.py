"""The first visit of somebody who has never seen the console: from the address to files, a channel, a yank, a token."""

import urllib.request
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.person import Person
from tests.console.site import PASSWORD, Console
from tests.console.uploads.page import file_of

NAME = "edge-collector"
PLACES = ("linux_amd64", "linux_arm64", "linux_386", "darwin_amd64", "darwin_arm64", "windows_amd64", "linux_s390x")


def walk(person: Person, username: str, password: str, files: list[Path]) -> str:
    """All that is to be done first, by the texts of pages alone; returns the token that was made."""
    person.opens("/")
    person.logs_in(username, password)
    assert person.sees("First steps")
    person.goes("Upload files")
    person.drops(*files)
    person.goes("Packages")
    person.goes(NAME)
    assert len(person.browser.all("[data-cell][data-state=have]")) == len(files)
    person.goes("Channels")
    person.makes_a_channel("stable", NAME)
    assert person.browser.text(f"[data-package='{NAME}']")
    person.goes("Packages")
    person.goes(NAME)
    person.yanks("1.0.0", "it was only a try")
    assert person.sees("7 files were yanked")
    person.goes("Tokens")
    return person.makes_a_token("release job of CI")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Seven files of a release."""
    return [file_of(tmp_path / f"{NAME}_1.0.0_{place}.tar.gz", 300_000) for place in PLACES]


@pytest.fixture
def person(browser: Browser, empty_console: Console) -> Person:
    """Somebody without a session, before a console without a package."""
    return Person(browser)


def test_the_first_visit(person: Person, files: list[Path], empty_console: Console) -> None:
    """The walk ends with a token that opens the API, and breaks no policy on its way."""
    token = walk(person, "admin", PASSWORD, files)
    headers = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{empty_console.url}/api/v1/me", headers=headers), timeout=30
    ) as me:
        assert me.status == 200
    person.browser.assert_clean()
