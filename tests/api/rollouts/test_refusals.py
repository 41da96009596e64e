"""What is refused first: a route, a role, a roll-out that is not there, and only then the query and the body."""

import pytest
from flask.testing import FlaskClient

from tests.api.rollouts.staged import AT_ONCE, Staged

NOWHERE = "/api/v1/rollouts/7"


@pytest.mark.parametrize(
    "path",
    [
        f"{NOWHERE}/pause",
        f"{NOWHERE}/pause?speed=1",
        "/api/v1/channels/none/rollouts",
        "/api/v1/channels/a%00/rollouts",
    ],
)
@pytest.mark.parametrize("body", [b"{", b'{"speed": 1}', b'{"reason": 1}', b""])
def test_what_is_not_there_before_the_body(publisher: FlaskClient, path: str, body: bytes) -> None:
    """404, whatever is sent."""
    assert publisher.post(path, data=body, content_type="application/json").status_code == 404


def test_what_is_not_there_before_the_query(publisher: FlaskClient) -> None:
    """404, whatever is asked."""
    assert publisher.get(f"{NOWHERE}/agents?limit=0").status_code == 404


def test_the_role_before_what_is_not_there(publisher: FlaskClient, agent: FlaskClient) -> None:
    """403 to who may do it to none."""
    assert publisher.post(f"{NOWHERE}/approve").status_code == 403
    assert agent.post(f"{NOWHERE}/pause").status_code == 403


def test_what_is_no_action(client: FlaskClient, publisher: FlaskClient) -> None:
    """404 without a token too: there is no such route; the list of agents is no action, 405."""
    assert client.post(f"{NOWHERE}/explode").status_code == 404
    refused = publisher.post(f"{NOWHERE}/agents")
    assert (refused.status_code, "GET" in refused.headers["Allow"]) == (405, True)


def test_nothing_is_done_where_the_body_is_refused(staged: Staged, publisher: FlaskClient) -> None:
    """422, and the roll-out runs on."""
    staged.begin(**AT_ONCE)
    staged.agent()
    staged.publish("1.1.0")
    staged.look()
    path = f"/api/v1/rollouts/{staged.rollout_id}/pause"
    for body in ({"speed": 1}, {"reason": ""}, {"reason": "x" * 1001}, {"reason": "\0"}):
        assert publisher.post(path, json=body).status_code == 422
    assert staged.last()["state"] == "running"
