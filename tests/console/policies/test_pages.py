"""Pages of policies: who reads them, who changes them."""

import pytest
from flask.testing import FlaskClient

from app.console.live import FIGURES
from app.console.pages import policies
from tests.api.signatures.signing import policy
from tests.console.catalogue import api
from tests.console.policies.conftest import NAME, POLICY
from tests.console.site import Console


def test_list(sealed: dict[str, int], publisher: FlaskClient) -> None:
    """Each policy with its mode and counts, for publishers."""
    _, _, row = publisher.get("/ui/policies?figures=now").text.partition(f'data-policy="{POLICY}"')
    row = row.partition("</tr>")[0]
    assert all(text in row for text in ("enforces", "1 trusted", "1 untrusted", NAME))


def test_counts_come_after_the_page(sealed: dict[str, int], publisher: FlaskClient) -> None:
    """Both pages come without the counts, and ask for them; so does whoever runs no script, by a link."""
    for path, live in (("policies", "policy-counts"), (f"policies/{POLICY}", f"policies/{POLICY}/live")):
        FIGURES.forget()
        page = publisher.get(f"/ui/{path}").text
        assert f'hx-get="/ui/{live}" hx-trigger="load, ' in page
        assert f'href="/ui/{path}?figures=now"' in page
        assert "data-loading" not in publisher.get(f"/ui/{path}?figures=now").text


@pytest.mark.parametrize("path", ["policy-counts", f"policies/{POLICY}/live"])
def test_live(sealed: dict[str, int], publisher: FlaskClient, path: str) -> None:
    """The counts, polled: 304 while nothing changes."""
    first = publisher.get(f"/ui/{path}")
    again = publisher.get(f"/ui/{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_pages_of_the_list(
    console: Console, sealed: dict[str, int], publisher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page begins behind the last name."""
    client = api(console)
    policy(client, "zz", packages=[NAME], mode="off")
    monkeypatch.setattr(policies, "ROWS", 1)
    first = publisher.get("/ui/policies").text
    assert 'rel="next"' in first
    assert 'data-policy="zz"' not in first
    assert 'data-policy="zz"' in publisher.get("/ui/policies?after=y").text
    client.delete("/api/v1/policies/zz")


def test_one(sealed: dict[str, int], publisher: FlaskClient, admin: FlaskClient) -> None:
    """Its signers with their keys; only an admin is shown how to change it."""
    shown = publisher.get(f"/ui/policies/{POLICY}").text
    assert "-----BEGIN PUBLIC KEY-----" in shown
    assert f"/ui/policies/{POLICY}/edit" not in shown
    assert "Delete this policy" not in shown
    assert f"/ui/policies/{POLICY}/edit" in admin.get(f"/ui/policies/{POLICY}").text


def test_no_such_policy(admin: FlaskClient) -> None:
    """404."""
    assert [admin.get(f"/ui/policies/{path}").status_code for path in ("nowhere", "nowhere/edit")] == [404, 404]


def test_side_bar(publisher: FlaskClient, agent: FlaskClient) -> None:
    """The side bar leads there, for those who may read policies."""
    assert ['href="/ui/policies"' in client.get("/ui/").text for client in (publisher, agent)] == [True, False]
