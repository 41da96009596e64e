"""Headers that protect whoever opens an answer in a browser."""

import pytest
from flask.testing import FlaskClient

from app.http.security_headers import HEADERS
from tests.api.packages.publishing import published


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/packages", "/api/v1/packages/999", "/nowhere", "/health/live"])
def test_every_answer_has_them(admin: FlaskClient, path: str) -> None:
    """JSON and problems alike: nothing is guessed, run, framed or kept."""
    headers = admin.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_a_download_keeps_its_own(admin: FlaskClient) -> None:
    """A download may be kept and asked for again by its ETag; as HTML it would run nothing."""
    package = published(admin, b"<script>alert(1)</script>", file_name="page.html")
    headers = admin.get(f"/api/v1/packages/{package['id']}/download").headers
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


def test_the_page_keeps_its_own(admin: FlaskClient) -> None:
    """The Swagger page may load its own files."""
    assert "script-src 'self'" in admin.get("/swagger").headers["Content-Security-Policy"]


def test_the_host_header_is_not_believed(admin: FlaskClient) -> None:
    """Links come from server.public_url, whatever host the client claims to have asked."""
    for number in range(2):
        published(admin, version=f"1.0.{number}")
    answer = admin.get("/api/v1/packages?limit=1", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil" not in answer.headers["Link"]
