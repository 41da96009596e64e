"""The policy in the channel's editor: off, the safe default, or its own, with what it will do."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.console.views.policy import policy_words
from app.http.validation import load
from app.rollouts.policy_schema import RolloutPolicySchema
from tests.api.rollouts.staged import NAME, Staged
from tests.console.fleet.fleet import form, hidden

OWN = {"stages": [{"agents": 20, "match": {"ring": "beta"}}, {"percent": 10}], "soak": "30m", "max_failures": 1}


@pytest.fixture
def channel(staged: Staged) -> Staged:
    """A channel without a policy."""
    staged.publish("1.0.0")
    body = {"match": {"ring": "x"}, "packages": [{"name": NAME, "version": "latest"}]}
    assert staged.admin.put("/api/v1/channels/stable", json=body).status_code == 201
    return staged


def save(pages: FlaskClient, **fields: str) -> TestResponse:
    """Save the channel with these fields of the policy, planned just before."""
    etag = hidden(pages.get("/ui/channels/stable/edit"), "etag")
    sent = form("stable", {"ring": "x"}, {NAME: "latest"}, etag=etag, **fields)
    plan = hidden(pages.post("/ui/channels/stable/plan", data=sent), "plan")
    return pages.post("/ui/channels/stable", data={**sent, "plan": plan})


def policy(staged: Staged) -> Any:
    """The channel's policy as the API tells it."""
    return staged.publisher.get("/api/v1/channels/stable").get_json()["rollout"]


def test_safe_own_and_off(channel: Staged, publisher: FlaskClient) -> None:
    """Each is saved as the API would have it, and opened as it was saved."""
    full = load(RolloutPolicySchema(), {})
    for chosen, text, expected in (("safe", "", full), ("own", json.dumps(OWN), {**full, **OWN}), ("off", "", None)):
        assert save(publisher, rollout=chosen, policy=text).status_code == 303
        assert policy(channel) == expected
        assert f'<option value="{chosen}" selected>' in publisher.get("/ui/channels/stable/edit").text


def test_a_form_without_it_keeps_it(channel: Staged, publisher: FlaskClient) -> None:
    """What says nothing of the policy leaves it as it is."""
    save(publisher, rollout="safe")
    assert save(publisher).status_code == 303
    assert policy(channel) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Must be JSON"),
        ("[]", "Must be an object"),
        ('{"soak": "soon"}', "rollout.soak"),
        ('{"stages": [{"percent": 0}]}', "rollout.stages.0.percent"),
    ],
)
def test_what_is_no_policy(channel: Staged, publisher: FlaskClient, text: str, told: str) -> None:
    """422 with the field; nothing is saved."""
    answer = save(publisher, rollout="own", policy=text)
    assert (answer.status_code, told in answer.text, policy(channel)) == (422, True, None)


def test_what_it_will_do(channel: Staged, publisher: FlaskClient) -> None:
    """The plan says it before anything is saved, for script and without."""
    sent = form("stable", {"ring": "x"}, {NAME: "latest"}, rollout="own", policy=json.dumps(OWN))
    for headers in ({}, {"HX-Request": "true"}):
        page = publisher.post("/ui/channels/stable/plan", data=sent, headers=headers).text
        assert "20 agents with ring beta, then 10 % of each platform, then everyone else" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {},
            (
                "1 % of each platform, then 10 % of each platform, then 50 % of each platform, then everyone else; the "
                "next when 90 % of a stage have been well for 15 min. With more than 2 bad agents and more than 5 % of "
                "those offered it, it pauses."
            ),
        ),
        (
            {"stages": [], "on_failure": "rollback", "approval": True, "max_failures": 1, "at_once": 50},
            (
                "An admin approves each roll-out. All agents at once. With more than 1 bad agent and more than 5 % of "
                "those offered it, it goes back by itself. At most 50 agents are at it at once."
            ),
        ),
    ],
)
def test_words(content: dict[str, Any], words: str) -> None:
    """A policy as sentences."""
    assert policy_words(load(RolloutPolicySchema(), content)) == words
