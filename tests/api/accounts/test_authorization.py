"""The Authorization header: one scheme, one token, and nowhere else."""

import pytest


@pytest.mark.parametrize(
    "form",
    [
        "",
        "{0}",
        "Bearer",
        "Bearer ",
        "Bearer  {0}",
        "Bearer\t{0}",
        " Bearer  {0}",
        "Bearer {0} {0}",
        "Bearer {0},",
        "Bearer {0}, Bearer {0}",
        "Bearer {0},Bearer {0}",
        ",Bearer {0}",
        'Bearer "{0}"',
        "Bearer '{0}'",
        "Bearer token={0}",
        "Basic {0}",
        "JWT {0}",
        "Bearer Bearer {0}",
        "Bearer {0} realm=x",
        "Basic eDp5, Bearer {0}",
        "Bearerx {0}",
        "Bearer {0}\x00",
        "Bearer {0}é",
        "Béarer {0}",
    ],
)
def test_malformed_authorization(client, agent, form):
    """The header is one scheme, one space, one token, and nothing else."""
    environ = {"HTTP_AUTHORIZATION": form.format(agent.token)}
    answer = client.get("/api/v1/me", environ_overrides=environ)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_scheme_in_any_case(client, agent, scheme):
    """Authentication schemes are case-insensitive (RFC 9110, 11.1)."""
    assert client.get("/api/v1/me", headers={"Authorization": f"{scheme} {agent.token}"}).status_code == 200


def test_two_authorization_fields(client, agent):
    """Two fields are refused, even if both are right."""
    headers = [("Authorization", f"Bearer {agent.token}"), ("Authorization", f"Bearer {agent.token}")]
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_token_elsewhere_than_in_the_header(client, agent):
    """A token in the query, a cookie or a body opens nothing."""
    for query in (f"jwt={agent.token}", f"token={agent.token}", f"access_token={agent.token}"):
        assert client.get(f"/api/v1/me?{query}").status_code == 401
    for cookie in ("access_token_cookie", "token", "jwt", "Authorization"):
        client.set_cookie(cookie, agent.token)
    assert client.get("/api/v1/me").status_code == 401


def test_no_token(client):
    """Without a token there is 401, not more: a challenge without an error (RFC 6750, 3.1)."""
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
