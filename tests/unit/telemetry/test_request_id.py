"""The id of a request."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from app.http import problems
from app.telemetry import request_id


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    """A client of an app that tells its request's id."""
    app = Flask(__name__)
    request_id.register(app)
    problems.register(app)
    app.add_url_rule("/", view_func=request_id.request_id, endpoint="told")
    app.add_url_rule("/gone", view_func=lambda: abort(404), endpoint="gone")
    app.add_url_rule("/broken", view_func=lambda: 1 // 0, endpoint="broken")
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize("offered", ["a", "A-z_0.9", "x" * 64])
def test_acceptable_id_is_kept(client: FlaskClient, offered: str) -> None:
    """A client's id that is 1-64 of the harmless characters is the request's."""
    response = client.get("/", headers={"X-Request-ID": offered})
    assert response.headers["X-Request-ID"] == response.text == offered


@pytest.mark.parametrize("offered", ["", "x" * 65, "a b", "a/b", "é", "a,b", '"', "a\tb", "\u0661"])
def test_other_id_is_replaced(client: FlaskClient, offered: str) -> None:
    """Any other id is replaced by a fresh one, the same in body and header."""
    response = client.get("/", headers={"X-Request-ID": offered.encode().decode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])
    assert response.headers["X-Request-ID"] == response.text


def test_each_request_has_its_own(client: FlaskClient) -> None:
    """Two requests never share an id."""
    assert client.get("/").text != client.get("/").text


@pytest.mark.parametrize("path", ["/gone", "/broken", "/nowhere"])
def test_errors_carry_it(client: FlaskClient, path: str) -> None:
    """A problem has the id in its body and its header."""
    response = client.get(path, headers={"X-Request-ID": "mine"})
    assert response.headers["X-Request-ID"] == "mine"
    assert response.get_json(force=True)["request_id"] == "mine"
