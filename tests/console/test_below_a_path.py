"""The console below a path of a real nginx, set up as docs/console.md says."""

import html
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from dev.checkout import PROJECT
from dev.parts import nginx, processes
from dev.parts.postgres import Postgres
from tests.console.browser import Browser
from tests.console.catalogue import MAIN, fill, publish
from tests.console.person import Person
from tests.console.site import COOKIE, PASSWORD, Console, running_console
from tests.console.test_first_visit import files, walk

PREFIX = "/some/path"
DOCUMENTED = re.compile(r"```nginx\n(.*?)```", re.DOTALL)
LINKS = re.compile(r'(?:href|src)="([^"#][^"]*)"')
FORMS = re.compile(r'(?:action|formaction|hx-get|hx-post)="([^"]*)"')

__all__ = ["files"]


@dataclass(frozen=True)
class Below(Console):
    """The console as nginx shows it."""

    outside: str

    @property
    def url(self) -> str:
        """Where nginx has the service."""
        return self.outside


@pytest.fixture(scope="module")
def below(services_folder: Path, postgres_server: Postgres, database_template: None) -> Iterator[Below]:
    """The service behind nginx, which takes a path off."""
    folder = services_folder / "below"
    folder.mkdir()
    port = processes.free_port()
    outside = f"http://{processes.HOST}:{port}{PREFIX}"
    found = DOCUMENTED.search((PROJECT / "docs" / "console.md").read_text())
    assert found
    with running_console(folder, postgres_server, "console_below", public_url=outside, trusted_proxies=1) as console:
        location = found[1].replace("127.0.0.1:8080", console.url.removeprefix("http://"))
        text = f"server {{ listen {processes.HOST}:{port}; {location} }}"
        with nginx.serving(folder / "nginx", text, port):
            yield Below(**{each.name: getattr(console, each.name) for each in fields(Console)}, outside=outside)


def test_the_first_visit(session_browser: Browser, below: Below, files: list[Path]) -> None:
    """Log in, upload, make a channel, yank and make a token; the cookie is sent below the path alone."""
    browser = Browser(session_browser.chrome, below).be(None)
    browser.width(1280)
    walk(Person(browser), "admin", PASSWORD, files)
    browser.assert_clean()
    assert browser.chrome.get_cookie(COOKIE)["path"] == f"{PREFIX}/ui"
    assert browser.chrome.current_url == f"{below.url}/ui/tokens?"


def test_every_link(below: Below) -> None:
    """From the overview on, every link, file and form is below the path, and what they lead to is there."""
    fill(below)
    publish(below, "with-bytes", "1.0.0")
    cookie = {"Cookie": f"{COOKIE}={below.session('admin')}"}
    origin, seen = below.url.removesuffix(PREFIX), set[str]()
    found = [f"{PREFIX}/ui/{page}" for page in ("", f"packages/{MAIN}", "packages/with-bytes/1.0.0")]
    while found:
        path = found.pop()
        seen.add(path)
        request = urllib.request.Request(origin + path, headers=cookie)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.url.startswith(f"{below.url}/"), path
            is_ours = path.startswith(f"{PREFIX}/ui/") and "text/html" in answer.headers["Content-Type"]
            page = answer.read().decode() if is_ours else ""
        links = [html.unescape(link).removeprefix(origin) for link in LINKS.findall(page)]
        elsewhere = [link for link in [*links, *FORMS.findall(page)] if link and not link.startswith(f"{PREFIX}/")]
        assert elsewhere == [], path
        # One page of each kind: there are many versions and agents.
        kinds = {kind(link) for link in [*seen, *found]}
        found += {kind(link): link for link in links if kind(link) not in kinds}.values()
    assert len(seen) > 30


def kind(link: str) -> str:
    """What links of one kind share: the page, without whose it is, and the names of its filters."""
    path, _, query = link.partition("?")
    parts = path.removeprefix(f"{PREFIX}/ui/").split("/")
    named = parts if parts[0] == "static" else [parts[0], str(len(parts)), parts[-1] if len(parts) != 2 else ""]
    return "/".join([*named, *sorted(re.findall(r"(\w+)=", query))])
