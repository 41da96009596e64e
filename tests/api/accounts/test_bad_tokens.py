"""Tokens that must not count: each is 401 with WWW-Authenticate, whatever is wrong with it."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest

from app.accounts.manager import AccountManager
from app.accounts.roles import Role
from app.http.services import get

GONE = object()
NOW = int(time.time())


@pytest.fixture
def secret_key(app):
    return app.config["JWT_SECRET_KEY"]


@pytest.fixture
def claims(agent):
    """The claims of a good token."""
    return jwt.decode(agent.token, options={"verify_signature": False})


@pytest.fixture
def refused(client):
    """Whether /me refuses an Authorization header in the contract's way."""

    def ask(header):
        answer = client.get("/api/v1/me", headers={"Authorization": header})
        assert answer.status_code == 401, (header[:100], answer.text)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
        assert answer.content_type == "application/problem+json"
        return True

    return ask


def changed(claims, **changes):
    return {name: value for name, value in {**claims, **changes}.items() if value is not GONE}


def signed(payload: bytes, secret_key: str, header: bytes = b'{"alg":"HS256","typ":"JWT"}') -> str:
    """A token with a right signature over any bytes."""

    def part(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    message = part(header) + b"." + part(payload)
    return (message + b"." + part(hmac.digest(secret_key.encode(), message, hashlib.sha256))).decode()


def test_the_good_token_is_good(client, claims, secret_key):
    """Signed again unchanged, the claims count: the tests below fail by what they change."""
    token = jwt.encode(claims, secret_key, "HS256")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": GONE},
        {"jti": GONE},
        {"sub": GONE},
        {"iss": GONE},
        {"aud": GONE},
        {"type": GONE},
        {"series": GONE},
        {"exp": NOW - 1},
        {"exp": str(NOW + 3600)},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"iss": "someone-else"},
        {"aud": "someone-else"},
        {"aud": []},
        {"type": "refresh"},
        {"type": "file"},
        {"series": "0" * 32},
        {"sub": "user:9223372036854775807"},
        {"sub": "user:9223372036854775808"},
        {"sub": "user:0"},
        {"sub": "user:-1"},
        {"sub": "user:\u0661"},
        {"sub": "user:"},
        {"sub": "1"},
        {"sub": "root:1"},
        {"sub": "user:1\0"},
        {"sub": "user:" + "9" * 5000},
    ],
    # Neither the time nor an address: the names of tests are the same in each run.
    ids=lambda changes: " ".join(f"{name}-{type(value).__name__}" for name, value in changes.items()),
)
def test_wrong_claims(refused, claims, secret_key, changes):
    """Each claim is required, and has one right value."""
    assert refused(f"Bearer {jwt.encode(changed(claims, **changes), secret_key, 'HS256')}")


@pytest.mark.parametrize("name", ["exp", "jti", "sub", "iss", "aud", "type", "series", "iat", "nbf"])
@pytest.mark.parametrize(
    "value",
    ["null", "[]", "{}", "true", "1e400", "-1", '""', '"\\ud800"', "9" * 5000, '["user:1"]', "NaN", '"\\u0000"'],
)
def test_claims_of_any_type(client, claims, secret_key, name, value):
    """No JSON value in any claim is more than a 401."""
    members = [f"{json.dumps(key)}: {json.dumps(kept)}" for key, kept in claims.items() if key != name]
    payload = "{" + ", ".join([*members, f'"{name}": {value}']) + "}"
    header = {"Authorization": f"Bearer {signed(payload.encode(), secret_key)}"}
    harmless = name in ("iat", "nbf") and value == "-1"
    assert client.get("/api/v1/me", headers=header).status_code == (200 if harmless else 401)


@pytest.mark.parametrize(
    "payload", [b"[]", b"null", b'"x"', b"1", b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 6000]
)
def test_payloads_that_are_no_claims(refused, secret_key, payload):
    """A right signature over something else than an object is no token."""
    assert refused(f"Bearer {signed(payload, secret_key)}")


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none"}',
        b'{"alg":"HS512"}',
        b'{"alg":"RS256"}',
        b'{"alg":null}',
        b'{"alg":["HS256"]}',
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"alg":"HS256","crit":["x"],"x":1}',
        b'{"alg":"HS256","b64":false}',
        b'{"alg":"HS256","kid":1}',
        b'{"alg":"HS256","kid":' + b"[" * 50_000,
    ],
)
def test_wrong_headers_of_tokens(refused, claims, secret_key, header):
    """Only HS256 counts, and a header that is understood."""
    assert refused(f"Bearer {signed(json.dumps(claims).encode(), secret_key, header)}")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_other_algorithms(refused, claims, secret_key, algorithm):
    """The right key with another algorithm is refused."""
    key = None if algorithm == "none" else secret_key
    assert refused(f"Bearer {jwt.encode(claims, key, algorithm)}")


def test_other_key(refused, claims):
    """A token of another key is refused."""
    assert refused(f"Bearer {jwt.encode(claims, 'k' * 64, 'HS256')}")


def test_cut_and_changed_tokens(refused, agent):
    """Any change of the text breaks it."""
    head, payload, signature = agent.token.split(".")
    for text in (
        f"{head}.{payload}",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-2]}",
        f"{head}..{signature}",
        f"{head}.{payload[:-4]}.{signature}",
        f".{payload}.{signature}",
        f"{agent.token}.{signature}",
    ):
        assert refused(f"Bearer {text}")


def test_why_a_token_does_not_count(client, agent, claims, secret_key):
    """Expired, ended and malformed ones are told apart, by challenge and by detail; a wrong key says no more."""

    def told(token):
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        description = answer.headers["WWW-Authenticate"].partition("error_description=")[2].strip('"')
        return description, answer.json["detail"]

    expired = told(jwt.encode(changed(claims, exp=NOW - 1), secret_key, "HS256"))
    ended = told(jwt.encode(changed(claims, series="0" * 32), secret_key, "HS256"))
    foreign = told(jwt.encode(changed(claims, exp=NOW - 1), "another key of at least 32 bytes", "HS256"))
    absent = told(jwt.encode(changed(claims, sub="user:9223372036854775807"), secret_key, "HS256"))
    assert expired[0] == "The token has expired"
    assert ended[0] == "The token has been revoked"
    assert absent == ended
    assert foreign == told("a.b.c")
    assert len({expired, ended, foreign}) == 3


def test_disabled_and_enabled_user(client, admin, agent):
    """A disabled user's token does not count while they are disabled."""
    path = f"/api/v1/users/{agent.id}"
    assert client.patch(path, json={"is_active": False}, headers=admin.headers).status_code == 200
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 401
    client.patch(path, json={"is_active": True}, headers=admin.headers)
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 200


def test_deleted_user_made_again(client, admin, agent, add_user):
    """A deleted user's token does not count, nor for a new user of the same name."""
    assert client.delete(f"/api/v1/users/{agent.id}", headers=admin.headers).status_code == 204
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 401
    add_user(Role.ADMIN, agent.username)
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 401


def test_id_given_again_revives_no_token(app, client, agent, claims, secret_key):
    """Even where a restored database gives an id again, old tokens are of another series."""
    with app.app_context():
        claims["sub"] = f"user:{agent.id}"
        get(AccountManager).change_user(agent.id, password="another long password")
    token = jwt.encode(claims, secret_key, "HS256")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_user_token_is_no_machine_token(client, agent, admin, claims, secret_key):
    """Ids of users and of machine tokens are not mixed up."""
    made = client.post("/api/v1/tokens", json={"name": "ci", "role": "admin"}, headers=admin.headers).json
    token = jwt.encode(changed(claims, sub=f"token:{made['id']}"), secret_key, "HS256")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_clocks_of_replicas_may_differ(client, claims, secret_key, name):
    """A token of a replica whose clock is some seconds ahead counts."""
    token = jwt.encode(changed(claims, **{name: time.time() + 5}), secret_key, "HS256")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_an_expired_token_has_no_leeway(refused, claims, secret_key):
    """However lately it expired."""
    assert refused("Bearer " + jwt.encode(changed(claims, exp=time.time() - 0.5), secret_key, "HS256"))
