"""Packages by name: filters, sort and pages in the URL, the same as curl."""

import html
import json
import re
import subprocess

import pytest
from flask.testing import FlaskClient
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from sqlalchemy import text

from tests.console.browser import Browser
from tests.console.catalogue import ADD_FILE, CATALOGUE, MAIN, api, files
from tests.console.site import PASSWORD, Console

ROW = re.compile(r'data-package="([^"]+)"')


def names(page: str) -> list[str]:
    """The packages of a page, in its order."""
    return ROW.findall(page)


def test_filters_are_in_the_url(browser: Browser, catalogue: Console) -> None:
    """A filter that is chosen applies at once and stands in the URL; reload, Back and a new tab show the same."""
    browser.be("agent").visit("packages", "packages")
    browser.follows(lambda: Select(browser.one("[name=platform]")).select_by_value("windows"))
    assert browser.path == "/ui/packages?platform=windows"
    windows = names(browser.chrome.page_source)
    assert set(windows) == {"ca-bundle", "jmx-scraper", "otelcol", MAIN}
    browser.follows(lambda: browser.one("[type=search]").send_keys("otel", Keys.ENTER))
    assert browser.path == "/ui/packages?q=otel&platform=windows"
    browser.chrome.back()  # perhaps to the page as it was kept, which loads nothing
    browser.until(lambda: browser.path == "/ui/packages?platform=windows")
    assert names(browser.chrome.page_source) == windows
    browser.visit("packages?q=otel&platform=windows")
    assert names(browser.chrome.page_source) == [MAIN, "otelcol"]


def test_sorts(catalogue: Console, agent: FlaskClient) -> None:
    """The newest upload comes first, or the names in order."""
    assert names(agent.get("/ui/packages").text) == list(reversed(CATALOGUE))
    assert names(agent.get("/ui/packages?sort=name").text) == sorted(CATALOGUE)


@pytest.mark.parametrize("sort", ["", "name"])
def test_pages(empty_console: Console, agent: FlaskClient, sort: str) -> None:
    """The pages of a list have every name once, each page's link leading to the next."""
    row = next(files())
    with empty_console.parts.database.writing() as connection:
        for number in range(120):
            own = {"name": f"package-{number:03}", "checksum": f"{number:064x}", "age": number}
            connection.execute(ADD_FILE, {**row, **own})
            connection.execute(text("UPDATE packages SET object_key = 'objects/' || id"))
    seen: list[str] = []
    path: str | None = f"/ui/packages?sort={sort}"
    while path:
        page = agent.get(path).text
        seen += names(page)
        link = re.search(r'href="([^"]+)" rel="next"', page)
        path = html.unescape(link[1]) if link else None
    assert seen == [f"package-{number:03}" for number in range(120)]


def test_a_page_of_another_list(catalogue: Console, agent: FlaskClient) -> None:
    """A page's place in one list is none in another: 422, with a sentence."""
    answer = agent.get("/ui/packages?after=abcdef")
    assert answer.status_code == 422
    assert "Go back to its first page" in answer.text


def test_nothing_matches(browser: Browser, catalogue: Console) -> None:
    """Where no package matches, each filter can be dropped by itself."""
    browser.be("agent").visit("packages?q=otelcol-c&platform=zos", "packages")
    assert "No package matches" in browser.text()
    browser.follows(browser.one(".chip[href$='q=otelcol-c']").click)
    assert names(browser.chrome.page_source) == [MAIN]


@pytest.mark.parametrize(
    "query",
    ["", "?platform=windows", "?q=otel&state=active", "?state=yanked&sort=name", "?state=blocked", "?trust=untrusted"],
)
def test_as_curl(catalogue: Console, agent: FlaskClient, query: str) -> None:
    """What the page shows as curl, run by a shell against the service, gives files of the page's packages."""
    page = agent.get(f"/ui/packages{query}").text
    command = html.unescape(re.findall(r"<pre[^>]*>(curl [^<]*)</pre>", page)[0])
    login = {"username": "agent", "password": PASSWORD}
    token = api_token(catalogue, login)
    environ = {"TOKEN": token, "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, check=True, timeout=60)
    assert {file["name"] for file in json.loads(ended.stdout)} == set(names(page))


def api_token(console: Console, login: dict[str, str]) -> str:
    """A login's token."""
    return str(console.app.test_client().post("/api/v1/auth/login", json=login).get_json(force=True)["token"])


def test_the_empty_state(browser: Browser, empty_console: Console) -> None:
    """Without a package there is a command with the service's own URL, which publishes one when it is run."""
    browser.be("publisher").visit("packages", "packages")
    command = browser.one(".card-in pre").text
    token = api_token(empty_console, {"username": "publisher", "password": PASSWORD})
    shell = ["sh", "-c", f"cd $(mktemp -d) && echo an agent > agent.tar.gz && {command}"]
    ended = subprocess.run(
        shell, env={"TOKEN": token, "PATH": "/usr/bin:/bin"}, capture_output=True, check=True, timeout=60
    )
    assert json.loads(ended.stdout)["name"] == "my-agent"
    browser.visit("packages", "packages")
    assert names(browser.chrome.page_source) == ["my-agent"]


def test_near_names(catalogue: Console, agent: FlaskClient) -> None:
    """A package that is none is 404, with names that are near; a version that is none with those that are there."""
    for path, offered in (("otelcol-kontrib", MAIN), (f"{MAIN}/9.9.9", "0.119.0")):
        answer = agent.get(f"/ui/packages/{path}")
        assert answer.status_code == 404
        assert offered in answer.text


@pytest.mark.parametrize("path", ["%00", "a%00b/1", "a/%00", "%ff", "..%2f..", "'", "%25", "a/b/c", "%E2%80%AE"])
def test_impossible_names(catalogue: Console, agent: FlaskClient, path: str) -> None:
    """Whatever stands in the path, what is no package is a page with 404."""
    answer = agent.get(f"/ui/packages/{path}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_hostile_text(browser: Browser, catalogue: Console) -> None:
    """A description that is markup, script or a template is shown as text, and breaks no policy."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}${7*7}"
    client = api(catalogue)
    path = "/api/v1/packages/hostile/1.0.0/linux/amd64/%3Cimg%20src=x%20onerror=alert(1)%3E.bin"
    answer = client.put(path, data=b"x", query_string={"description": hostile}, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.text
    for page in ("packages", "packages/hostile", "packages/hostile/1.0.0", ""):
        browser.be("agent").visit(page)
    browser.visit("packages/hostile/1.0.0")
    assert hostile in browser.text()
    assert "<img src=x onerror=alert(1)>.bin" in browser.text()
