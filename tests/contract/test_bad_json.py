"""JSON that is not what it should be, on every operation that takes it."""

import json

import pytest

from tests.contract.conftest import Sender

JSON = "Content-Type: application/json"
TARGETS = [
    *(("POST", "/api/v1/auth/login"), ("POST", "/api/v1/users"), ("POST", "/api/v1/tokens")),
    ("POST", "/api/v1/channels/x/plan"),
]

BODIES = {
    "nothing": b"",
    "no JSON": b"username=admin",
    "cut": b'{"username": "a',
    "two values": b'{"username": "a", "password": "b"} {}',
    "an array": b"[]",
    "a number": b"1",
    "a text": b'"x"',
    "null": b"null",
    "nested 100,000 deep": b"[" * 100_000,
    "objects nested 100,000 deep": b'{"a":' * 100_000,
    "a number of 10,000 digits": b'{"username": ' + b"9" * 10_000 + b"}",
    "a huge exponent": b'{"expires_in_days": 1e999999}',
    "NaN": b'{"username": NaN, "password": Infinity}',
    "lone surrogates": b'{"username": "\\ud800", "password": "\\udfff", "name": "\\ud800", "role": "\\ud800"}',
    "invalid UTF-8": b'{"username": "\xff\xfe"}',
    "UTF-16": '{"username": "a"}'.encode("utf-16"),
    "NUL": b'{"username": "a\\u0000b", "password": "a\\u0000b", "name": "a\\u0000b", "role": "admin"}',
    "repeated keys": b'{"username": "a", "username": "b"}',
    "wrong types": b'{"username": {}, "password": [], "role": 1, "name": false, "expires_in_days": "x"}',
    "unknown keys": b'{"nonsense": 1}',
    "a boolean for a number": b'{"name": "x", "role": "agent", "expires_in_days": true}',
    "days beyond all": b'{"name": "x", "role": "agent", "expires_in_days": 99999999999999999999}',
    "a password of 1 MiB": json.dumps({"username": "admin", "password": "x" * 1_000_000}).encode(),
}


@pytest.mark.parametrize(("method", "path"), TARGETS)
@pytest.mark.parametrize("case", BODIES)
def test_bad_json(sender: Sender, method: str, path: str, case: str) -> None:
    """400, 413 or 422 (a login that is only wrong: 401), in the problem's shape."""
    body = BODIES[case]
    reply = sender.send(method, path, JSON, f"Content-Length: {len(body)}", body=body)
    reply.assert_problem(reply.status)
    assert reply.status in ((400, 401, 413, 422) if path.endswith("login") else (400, 413, 422))
    assert b"Traceback" not in reply.body


@pytest.mark.parametrize(("method", "path"), TARGETS)
def test_ten_gigabytes(sender: Sender, method: str, path: str) -> None:
    """A body far over the limit is refused from its head, with a token or, at the login, without one."""
    with sender.begin(method, path, JSON, f"Content-Length: {10 << 30}", body=b"{" * 100_000) as client:
        client.read().assert_problem(413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/json; charset=utf-16", ""])
def test_bad_content_type(sender: Sender, content_type: str) -> None:
    """Anything but JSON in UTF-8 is a 415."""
    reply = sender.send("POST", "/api/v1/auth/login", f"Content-Type: {content_type}", "Content-Length: 2", body=b"{}")
    assert reply.status in (415, 422 if "json" in content_type else 415)
    reply.assert_problem(reply.status)


@pytest.mark.parametrize(
    "lines",
    [
        ["Authorization: Bearer a", "Authorization: Bearer b"],
        ["Authorization: Bearer {0}, Bearer {0}"],
        ["Authorization: Bearer  {0}"],
        ["Authorization: Bearer {0} x"],
        ['Authorization: Bearer "{0}"'],
        ["Authorization: Basic {0}"],
        ["Authorization: {0}"],
        ["Authorization: Bearer"],
        ["Authorization:"],
        ["Cookie: access_token_cookie={0}"],
        ["Authorization: Bearer {0}", "Authorization: Bearer {0}"],
        ["Authorization: Bearer \xff\xfe"],
        ["Authorization: Bearer " + "a." * 3000],
    ],
)
def test_bad_authorization(sender: Sender, lines: list[str]) -> None:
    """Exactly one header with exactly one token counts; all else is a 401, also on the wire."""
    token = sender.authorization.rpartition(" ")[2]
    reply = sender.send("GET", "/api/v1/me", *(line.format(token) for line in lines), token=False)
    reply.assert_problem(401)
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_a_token_in_the_query(sender: Sender) -> None:
    """A token in the query is none."""
    token = sender.authorization.rpartition(" ")[2]
    sender.send("GET", f"/api/v1/me?access_token={token}&jwt={token}", token=False).assert_problem(401)
