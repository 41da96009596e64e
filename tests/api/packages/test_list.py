"""Lists: filters, sorts, pages."""

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.database.reads import Reads
from app.wiring import Services
from tests.api.conftest import problem_of
from tests.api.packages.conftest import VERSIONS
from tests.api.packages.publishing import published


def pages(client: FlaskClient, **query: str) -> list[list[dict[str, object]]]:
    """All pages of a list, by following its links."""
    url, found = "/api/v1/packages", []
    response = client.get(url, query_string=query)
    while True:
        assert response.status_code == 200, response.text
        found.append(response.get_json())
        if "Link" not in response.headers:
            return found
        link = response.headers["Link"]
        assert link.startswith("<http://127.0.0.1:8080/api/v1/packages?")
        assert link.endswith('>; rel="next"')
        response = client.get(link[1:].split(">")[0].removeprefix("http://127.0.0.1:8080"))


def versions(client: FlaskClient, **query: str) -> list[object]:
    """The versions of all pages."""
    return [package["version"] for page in pages(client, **query) for package in page]


def test_a_page_ends_before_4_mib(publisher: FlaskClient) -> None:
    """It is shorter then, with its link: all packages come, each once, and no page has 4 MiB."""
    long = "\U0001f600" * 10_000
    for number in range(120):
        published(publisher, b"%d" % number, version=f"1.0.{number}", description=long)
    url, sizes, seen = "/api/v1/packages?limit=500", [], []
    while url:
        response = publisher.get(url)
        sizes.append(len(response.data))
        seen += [package["id"] for package in response.get_json()]
        url = response.headers.get("Link", "")[1:].partition(">")[0].removeprefix("http://127.0.0.1:8080")
    assert sorted(seen, reverse=True) == seen
    assert len(seen) == 120
    assert len(sizes) == 2
    assert (4 << 20) - 50_000 < sizes[0] < (4 << 20)
    for query in ("", "&sort=-version", f"&q={quote(long[0])}", f"&q={quote(long[:3])}"):
        assert rows_read(publisher, query) < 110


def rows_read(publisher: FlaskClient, query: str) -> int:
    """How many rows a page of 500 that is too long takes from PostgreSQL."""
    fetch, counts = Reads.fetch, []

    def counting(self: Reads, *given: Any, **options: Any) -> list[Any]:
        rows = fetch(self, *given, **options)
        counts.append(len(rows))
        return rows

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reads, "fetch", counting)
        assert "Link" in publisher.get(f"/api/v1/packages?limit=500{query}").headers
    return max(counts)


def test_the_newest_upload_comes_first(released: FlaskClient) -> None:
    """-created_at is the default."""
    assert versions(released) == VERSIONS[::-1]


@pytest.mark.parametrize("limit", ["1", "2", "500"])
@pytest.mark.parametrize("sort", ["created_at", "-created_at", "name", "-name", "version", "-version"])
def test_pages_of_any_size_hold_every_package_once(released: FlaskClient, sort: str, limit: str) -> None:
    """Nothing is skipped or repeated, and the order is that of the whole."""
    assert versions(released, sort=sort, limit=limit) == versions(released, sort=sort)
    assert sorted(map(str, versions(released, sort=sort, limit=limit))) == sorted(VERSIONS)


def test_versions_sort_by_precedence(released: FlaskClient) -> None:
    """SemVer, with what is none at the low end."""
    assert versions(released, sort="version") == ["2024.1", "0.9.0", "0.13.0", "1.0.0-rc.1", "1.0.0", "v1.1.0"]


def test_what_is_uploaded_meanwhile_moves_no_page(released: FlaskClient) -> None:
    """A page's end is a place in the order, not a count."""
    first = released.get("/api/v1/packages?limit=3&sort=version")
    published(released, b"new", version="0.0.1")
    link = first.headers["Link"][1:].split(">")[0].removeprefix("http://127.0.0.1:8080")
    seen = [package["version"] for package in (*first.get_json(), *released.get(link).get_json())]
    assert seen == ["2024.1", "0.9.0", "0.13.0", "1.0.0-rc.1", "1.0.0", "v1.1.0"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"name": "opamp-agent"}, 6),
        ({"name": "other"}, 0),
        ({"version": "1.0.0"}, 1),
        ({"platform": "Linux", "arch": "x86_64"}, 6),
        ({"platform": "darwin"}, 0),
        ({"is_active": "true"}, 6),
        ({"is_active": "false"}, 0),
        ({"q": "AGENT"}, 6),
        ({"q": "release 3"}, 1),
        ({"q": "%"}, 6),
        ({"q": "_"}, 0),
        ({"q": "0 100%"}, 1),
        ({"q": "\\"}, 0),
    ],
)
def test_filters(released: FlaskClient, query: dict[str, str], count: int) -> None:
    """Each filter alone; percent, underscore and backslash in `q` are themselves."""
    assert len(versions(released, **query)) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=abc", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=size", "sort"),
        ("q=", "q"),
        (f"q={'x' * 201}", "q"),
        ("q=%00", "q"),
        ("is_active=yes", "is_active"),
        ("platform=beos", "platform"),
        ("page=2", "page"),
        ("cursor=abc", "cursor"),
        ("cursor=", "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(agent: FlaskClient, query: str, field: str) -> None:
    """422 with the parameter."""
    assert field in problem_of(agent.get(f"/api/v1/packages?{query}"))["errors"]


@pytest.mark.parametrize(
    ("query", "cost"), [("", 1), ("?sort=name&platform=linux", 1), ("?q=agent", 2), ("?name=none", 2)]
)
def test_what_a_list_costs(released: FlaskClient, statements: list[str], query: str, cost: int) -> None:
    """Token and page are one query, unless the page is empty or searched."""
    statements.clear()
    assert released.get(f"/api/v1/packages{query}").status_code == 200
    assert len(statements) == cost


@pytest.mark.parametrize("query", ["", "?q=agent", "?name=none", "?limit=0"])
def test_a_revoked_token_lists_nothing(released: FlaskClient, admin: FlaskClient, query: str) -> None:
    """401, whether there is a page, none, or a mistake in the query."""
    revoked = next(token for token in admin.get("/api/v1/tokens").get_json() if token["role"] == "publisher")
    assert admin.delete(f"/api/v1/tokens/{revoked['id']}").status_code == 204
    assert problem_of(released.get(f"/api/v1/packages{query}"))["status"] == 401


def test_a_list_shows_what_detail_shows(released: FlaskClient, parts: Services) -> None:
    """The same JSON to the last digit of its times, whole seconds and times of other zones too."""
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE packages SET created_at = '2026-01-02 03:04:05+02' WHERE version = '1.0.0'"))
        connection.execute(text("UPDATE packages SET updated_at = '2026-01-02 03:04:05.12Z' WHERE version = '1.0.0'"))
    for query in ({}, {"q": "agent"}, {"q": "1"}):
        (listed,) = pages(released, version="1.0.0", **query)[0]
        assert listed["created_at"] == "2026-01-02T01:04:05.000000Z"
        assert released.get(f"/api/v1/packages/{listed['id']}").get_json() == listed


@pytest.mark.parametrize("change", ["&sort=name", "&platform=linux", "&q=agent"])
def test_a_cursor_holds_for_its_own_list_only(released: FlaskClient, change: str) -> None:
    """Another sort or filter with it is 422."""
    link = released.get("/api/v1/packages?limit=2").headers["Link"][1:].split(">")[0]
    url = link.removeprefix("http://127.0.0.1:8080")
    assert released.get(url).status_code == 200
    assert "cursor" in problem_of(released.get(url + change))["errors"]
