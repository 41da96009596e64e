"""One service and one browser for all tests of the console."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.console.live import FIGURES
from dev.parts.postgres import Postgres
from tests.console.browser import Browser, started
from tests.console.catalogue import empty, fill, is_filled
from tests.console.site import Console, running_console


@pytest.fixture(scope="session")
def console(services_folder: Path, postgres_server: Postgres, database_template: None) -> Iterator[Console]:
    """The service with its console."""
    with running_console(services_folder, postgres_server, "console_tests") as built:
        yield built


@pytest.fixture(scope="session")
def session_browser(console: Console, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser, started once."""
    chrome = started(tmp_path_factory.mktemp("profile"))
    yield Browser(chrome, console)
    chrome.quit()


@pytest.fixture
def browser(session_browser: Browser) -> Browser:
    """The browser as nobody, as wide as a desk's."""
    session_browser.width(1280)
    session_browser.theme("light")
    return session_browser.be(None)


@pytest.fixture
def admin(console: Console) -> FlaskClient:
    """A client of the pages, logged in as the admin."""
    return console.client("admin")


@pytest.fixture
def publisher(console: Console) -> FlaskClient:
    """A client of the pages, logged in as the publisher."""
    return console.client("publisher")


@pytest.fixture
def agent(console: Console) -> FlaskClient:
    """A client of the pages, logged in as the agent."""
    return console.client("agent")


@pytest.fixture
def catalogue(console: Console) -> Console:
    """The service with the catalogue and nothing else."""
    with console.parts.database.reading() as connection:
        filled = is_filled(connection)
    if not filled:
        fill(console)
    FIGURES.forget()
    return console


@pytest.fixture
def empty_console(console: Console) -> Console:
    """The service without a package, channel or agent."""
    empty(console)
    FIGURES.forget()
    return console
