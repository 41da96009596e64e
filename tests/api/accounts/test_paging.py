"""Pages of users and of machine tokens."""

import base64
import json
import re

import pytest

from app.accounts.manager import AccountManager
from app.accounts.roles import Role
from app.config import Config
from app.http.services import get

LISTS = ("/api/v1/users", "/api/v1/tokens")


@pytest.fixture
def many(app, add_user, admin):
    """At least seven of each."""
    for _ in range(6):
        add_user(Role.AGENT)
    with app.app_context():
        for number in range(7):
            get(AccountManager).create_token(f"token {number}", Role.AGENT, created_by="test")
    return admin


def next_path(answer, app):
    """The path of the link to the next page; None on the last."""
    link = answer.headers.get("Link")
    if link is None:
        return None
    url = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1]
    with app.app_context():
        return url.removeprefix(get(Config).server.public_url)


@pytest.mark.parametrize("path", LISTS)
def test_pages_follow_each_other(app, client, many, path):
    """Following the links gives every row once, in order, and then there is no link."""
    whole = client.get(f"{path}?limit=500", headers=many.headers).json
    collected, page = [], f"{path}?limit=3"
    while page:
        answer = client.get(page, headers=many.headers)
        assert answer.status_code == 200
        assert len(answer.json) <= 3
        collected += answer.json
        page = next_path(answer, app)
    assert collected == whole
    assert len(whole) >= 7


@pytest.mark.parametrize("path", LISTS)
def test_full_last_page_has_no_link(client, many, path):
    """A page that ends with the last row has no next one."""
    total = len(client.get(f"{path}?limit=500", headers=many.headers).json)
    assert "Link" not in client.get(f"{path}?limit={total}", headers=many.headers).headers
    assert "Link" in client.get(f"{path}?limit={total - 1}", headers=many.headers).headers


def test_link_is_on_the_public_url(app, client, many):
    """The Host header plays no part in the link."""
    answer = client.get("/api/v1/users?limit=1", headers={**many.headers, "Host": "evil.example"})
    with app.app_context():
        assert answer.headers["Link"].startswith(f"<{get(Config).server.public_url}/api/v1/users?limit=1&")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=501",
        "limit=abc",
        "limit=",
        "limit=1e2",
        "limit=%2B5",
        "limit=+5",
        "limit=5_0",
        "limit=٣",
        "limit=99999999999999999999",
        "limit=5.0",
        "limit=1&limit=1",
        "limit=1&limit=2",
        "cursor=",
        "cursor=abc",
        "cursor=%00",
        "cursor=%FF",
        "cursor=ä",
        "cursor=" + "A" * 6000,
        "sort=id",
        "q=x",
        "LIMIT=5",
        "=5",
        "limit",
        "%FF=1",
        "&".join(f"x{number}=1" for number in range(200)),
    ],
    ids=lambda query: query[:30],
)
def test_bad_parameters(client, admin, path, query):
    """Parameters out of range, unknown or repeated are 422."""
    answer = client.get(f"{path}?{query}", headers=admin.headers)
    assert answer.status_code == 422
    assert answer.json["errors"]


@pytest.fixture
def cursor(client, many):
    """A good cursor of the users."""
    return re.search(r"cursor=([^>&]+)", client.get("/api/v1/users?limit=2", headers=many.headers).headers["Link"])[1]


def forged(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_cursor_with_another_limit(client, many, cursor):
    """The size of a page may change from page to page."""
    assert client.get(f"/api/v1/users?limit=3&cursor={cursor}", headers=many.headers).status_code == 200


def test_cursor_of_another_list(client, many, cursor):
    """A cursor of the users is none of the tokens."""
    assert client.get(f"/api/v1/tokens?cursor={cursor}", headers=many.headers).status_code == 422


def test_cut_and_changed_cursors(client, many, cursor):
    """A cursor that was cut or changed is refused."""
    middle = len(cursor) // 2
    other = "A" if cursor[middle] != "A" else "B"
    bad = [cursor[:-4], cursor[4:], cursor[:middle], cursor[:middle] + other + cursor[middle + 1 :], cursor + "AAAA"]
    bad += [forged(), forged("x", 1), forged(1, 2, 3), forged(10**30), forged(None), forged("0" * 16, 2**63)]
    bad += [
        base64.urlsafe_b64encode(text).decode().rstrip("=") for text in (b"1", b'"xy"', b"{}", b"[" * 3000, b"\xff")
    ]
    for text in bad:
        assert client.get(f"/api/v1/users?cursor={text}", headers=many.headers).status_code == 422, text
