"""All pages of a list, as a client follows them."""

from typing import Any

from flask.testing import FlaskClient

ORIGIN = "http://127.0.0.1:8080"


def pages(client: FlaskClient, path: str) -> list[list[Any]]:
    """The pages of a list, of which none may have 4 MiB."""
    url, found = f"/api/v1/{path}?limit=500", []
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.text
        assert len(response.data) < 4 << 20
        found.append(response.get_json())
        url = response.headers.get("Link", "")[1:].partition(">")[0].removeprefix(ORIGIN)
    return found
