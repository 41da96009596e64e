"""Tokens as pages: shown once, and what marks those that end."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.console.fleet.fleet import api
from tests.console.site import Console


def made(admin: FlaskClient, name: str, role: str = "publisher", days: str = "30") -> str:
    """Make a token on the page; returns it."""
    answer = admin.post("/ui/tokens", data={"name": name, "role": role, "expires_in_days": days})
    assert answer.status_code == 200
    return answer.text.partition(">eyJ")[2].partition("<")[0]


def row_of(admin: FlaskClient, name: str) -> str:
    """The token's row of the list."""
    return admin.get("/ui/tokens").text.partition(f">{name}<")[2].partition("</tr>")[0]


def test_a_token_is_shown_once(console: Console, admin: FlaskClient) -> None:
    """The answer to its POST shows it, and it works; no page shows it afterwards."""
    token = made(admin, "shown once")
    me = console.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer eyJ{token}"})
    assert me.get_json()["username"] == "shown once"
    assert token not in admin.get("/ui/tokens").text


def test_revoking_ends_it(console: Console, admin: FlaskClient) -> None:
    """From the next request on it opens nothing."""
    token = made(admin, "revoked soon")
    path = row_of(admin, "revoked soon").partition('action="')[2].partition('"')[0]
    assert admin.post(path, data={}).status_code == 303
    me = console.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer eyJ{token}"})
    assert me.status_code == 401


def test_ends_are_marked(console: Console, admin: FlaskClient) -> None:
    """Days left, an end within a fortnight, and one that is over."""
    for name, days in (("long", 100), ("soon", 10), ("over", 1)):
        made(admin, f"marked {name}", days=str(days))
    with console.parts.database.writing() as connection:
        connection.execute(text("UPDATE tokens SET expires_at = now() - interval '1 day' WHERE name = 'marked over'"))
    assert "100 days left" in row_of(admin, "marked long")
    assert 'class="pill amber"' in row_of(admin, "marked soon")
    assert "ended" in row_of(admin, "marked over")


def test_the_last_use_is_kept_once_a_day(console: Console, admin: FlaskClient) -> None:
    """A token's first use of a day is kept, by one statement; the next costs none."""
    client = api(console, "agent")
    assert client.get("/api/v1/packages").status_code == 200
    query = text("SELECT last_used_on = current_date, xmin::text FROM tokens WHERE name = 'agent of fleets'")
    with console.parts.database.reading() as connection:
        first = connection.execute(query).first()
    assert first is not None
    assert first[0] is True
    client.get("/api/v1/packages")
    client.get("/api/v1/me")
    with console.parts.database.reading() as connection:
        assert connection.execute(query).first() == first


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "Length must be"),
        ({"name": "a\tb"}, "control characters"),
        ({"role": "king"}, "Must be one of"),
        ({"expires_in_days": "0"}, "Must be greater than"),
        ({"expires_in_days": "ten"}, "Not a valid integer"),
        ({"expires_in_days": "9" * 30}, "Not a valid integer"),
        ({"nonsense": "1"}, "Unknown field"),
    ],
)
def test_bad_fields(admin: FlaskClient, fields: dict[str, str], told: str) -> None:
    """422 in words, and what was typed is still there."""
    answer = admin.post("/ui/tokens", data={"name": "kept text", "role": "agent", "expires_in_days": "7", **fields})
    assert answer.status_code == 422
    assert told in answer.text


def test_roles(publisher: FlaskClient) -> None:
    """Tokens and users are the admin's."""
    for path in ("/ui/tokens", "/ui/users"):
        assert publisher.get(path).status_code == 403
        assert publisher.post(path, data={}).status_code == 403
    assert publisher.post("/ui/tokens/1/delete").status_code == 403
