"""Paths that are none, over a bare socket: clients and test clients tidy paths up."""

import pytest

from tests.contract.conftest import Sender

SLASHES = ["//metrics", "/%2fmetrics", "/%2Fmetrics", "///metrics", "//health/live", "/%2fhealth/live", "//", "/%2f"]


@pytest.mark.parametrize("path", [*SLASHES, "//api/v1/packages", "http://test//metrics"])
def test_leading_slashes(sender: Sender, path: str) -> None:
    """A path that begins with two slashes is none, so that no proxy is got around."""
    sender.send("GET", path).assert_problem(404)


@pytest.mark.parametrize(
    "path", ["/metrics/", "/health/live/", "/api/v1/packages/", "/api/v1/packages/1/", "/api/v1/me/", "/swagger/"]
)
def test_a_trailing_slash(sender: Sender, path: str) -> None:
    """A trailing slash is another path."""
    sender.send("GET", path).assert_problem(404)


@pytest.mark.parametrize("path", ["/nowhere", "/api/v2/packages", "/packages", "//metrics"])
def test_no_route(sender: Sender, path: str) -> None:
    """A 404 of a route says what the routes are."""
    detail = sender.send("GET", path, token=False).json()["detail"]
    for route in ("/api/v1/packages,", "/api/v1/auth/login,", "/v1/opamp.", "/swagger describes"):
        assert route in detail


def test_the_root_leads_to_the_console(sender: Sender) -> None:
    """`/` is 302 to /ui/, with or without a token or a query."""
    for path, token in (("/", False), ("/?a=1", True)):
        reply = sender.send("GET", path, token=token)
        assert (reply.status, reply.headers["location"]) == (302, "/ui/")


def test_no_websocket(sender: Sender) -> None:
    """An agent that tries OpAMP over a WebSocket learns that it has to be plain HTTP."""
    lines = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    reply = sender.send("GET", "/v1/opamp", *lines, f"Sec-WebSocket-Key: {'A' * 22}==")
    reply.assert_problem(405)
    assert "plain HTTP" in reply.json()["detail"]
    assert reply.headers["allow"]


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/me", "/api/v1/packages", "/openapi.json", "/none", "/\x7f"])
def test_json_ends_with_a_line_end(sender: Sender, path: str) -> None:
    """A shell's prompt stands on a line of its own after an answer, problems and gunicorn's own included."""
    body = sender.send("GET", path).body
    assert body.endswith((b"}\n", b"]\n"))
    assert not body.endswith(b"\n\n")
