"""The policy editor: what is saved was planned, and undoes nobody's work."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.signatures.signing import OTHER_KEY, by_key, pem, policy
from tests.console.catalogue import api
from tests.console.fleet.fleet import hidden
from tests.console.policies.conftest import NAME
from tests.console.site import Console

NEW = "edited"
MEMBERS = ("name", "kind", "issuer", "subject", "claims", "root", "key", "predicate_type", "until")
SIGSTORE = {
    "name": "ci",
    "kind": "sigstore",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v{version}",
}


def form(name: str = NEW, *signers: dict[str, str], **fields: str) -> dict[str, Any]:
    """What the editor sends."""
    columns = {f"signers.{member}": [signer.get(member, "") for signer in signers] for member in MEMBERS}
    return {"name": name, "packages": NAME, "mode": "enforce", "description": "", "etag": "", **columns, **fields}


def key(signing_key: Any = None) -> dict[str, str]:
    """A signer with a key."""
    return by_key() if signing_key is None else by_key(key=signing_key)


def planned(admin: FlaskClient, fields: dict[str, Any], path: str = "new") -> TestResponse:
    """The editor with the plan of these fields."""
    return admin.post(f"/ui/policies/{path}/plan", data=fields)


def save(admin: FlaskClient, fields: dict[str, Any], path: str = "new") -> TestResponse:
    """Save what has been planned just before."""
    plan = hidden(planned(admin, fields, path), "plan")
    return admin.post(f"/ui/policies/{path}", data={**fields, "plan": plan})


@pytest.fixture
def client(console: Console, sealed: dict[str, int]) -> Iterator[FlaskClient]:
    """The API; the policy that a test makes is gone after it."""
    made = api(console)
    yield made
    made.delete(f"/api/v1/policies/{NEW}")


def test_a_new_policy(client: FlaskClient, admin: FlaskClient) -> None:
    """303 to the policy, which says what the form said."""
    signers = ({**SIGSTORE, "claims": "runner_environment = github-hosted"}, {**key(), "until": "2030-01-01T00:00:00Z"})
    answer = save(admin, form(NEW, *signers, packages=f"{NAME}\n\nsealed-b*", description="as typed", mode="warn"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/ui/policies/{NEW}")
    saved = client.get(f"/api/v1/policies/{NEW}").get_json()
    assert (saved["packages"], saved["mode"], saved["description"]) == ([NAME, "sealed-b*"], "warn", "as typed")
    sigstore, by_pem = saved["signers"]
    assert sigstore == {**SIGSTORE, "claims": {"runner_environment": "github-hosted"}}
    assert (by_pem["key"].strip(), by_pem["until"][:10]) == (pem().strip(), "2030-01-01")


def test_opened_and_saved(client: FlaskClient, admin: FlaskClient) -> None:
    """The form of a policy holds all that it says: saved as it was opened it is the same."""
    policy(client, NEW, packages=[NAME], mode="warn", signers=[SIGSTORE, by_key(until="2030-01-01T00:00:00Z")])
    before = client.get(f"/api/v1/policies/{NEW}").get_json()
    page = admin.get(f"/ui/policies/{NEW}/edit")
    sigstore, ours = before["signers"]
    fields = form(NEW, sigstore, ours, mode="warn", etag=hidden(page, "etag"))
    for text in (sigstore["subject"], ours["key"].splitlines()[1], ours["until"], NAME):
        assert text in page.text
    assert save(admin, fields, NEW).status_code == 303
    after = client.get(f"/api/v1/policies/{NEW}").get_json()
    assert after["signers"][0] == sigstore
    assert after["signers"][1]["until"] == ours["until"]


@pytest.mark.parametrize("mode", ["off", "warn", "enforce"])
def test_what_enforcing_would_block(client: FlaskClient, admin: FlaskClient, mode: str) -> None:
    """The plan counts and names it whatever the mode is, and stores nothing."""
    for signer, blocked in ((key(), 1), (key(OTHER_KEY), 2)):
        page = planned(admin, form(NEW, signer, mode=mode)).text
        assert f'data-blocked="{blocked}"' in page
        assert f"{NAME} 2.0.0" in page
    assert client.get(f"/api/v1/policies/{NEW}").status_code == 404


def test_nothing_is_saved_without_its_plan(client: FlaskClient, admin: FlaskClient) -> None:
    """409 where no plan was shown, or one of something else; the right one is shown then, and can be saved."""
    fields = form(NEW, key())
    other = hidden(planned(admin, form(NEW, key(OTHER_KEY))), "plan")
    for plan in ("", other):
        answer = admin.post("/ui/policies/new", data={**fields, "plan": plan})
        assert answer.status_code == 409
        assert client.get(f"/api/v1/policies/{NEW}").status_code == 404
    again = admin.post("/ui/policies/new", data={**fields, "plan": hidden(answer, "plan")})
    assert again.status_code == 303


def test_two_editors(client: FlaskClient, admin: FlaskClient) -> None:
    """The second gets 409 with both texts, and may then put its own in place of the first's."""
    policy(client, NEW, packages=[NAME], mode="off")
    etag = hidden(admin.get(f"/ui/policies/{NEW}/edit"), "etag")
    policy(client, NEW, packages=[NAME], mode="warn", description="theirs")
    fields = form(NEW, key(), etag=etag, description="ours")
    answer = save(admin, fields, NEW)
    assert answer.status_code == 409
    assert "Somebody has saved this policy" in answer.text
    assert "theirs\nwarn:" in answer.text
    assert "ours\nenforce:" in answer.text
    assert client.get(f"/api/v1/policies/{NEW}").get_json()["description"] == "theirs"
    assert save(admin, {**fields, "etag": hidden(answer, "etag")}, NEW).status_code == 303
    assert client.get(f"/api/v1/policies/{NEW}").get_json()["description"] == "ours"


def test_a_new_policy_replaces_none(client: FlaskClient, admin: FlaskClient) -> None:
    """409 if there is one of the name."""
    policy(client, NEW, packages=[NAME], mode="off")
    assert save(admin, form(NEW, key())).status_code == 409
    assert client.get(f"/api/v1/policies/{NEW}").get_json()["mode"] == "off"


def test_delete(client: FlaskClient, admin: FlaskClient) -> None:
    """Only with the name typed, and only what was looked at: 422, 412, then 303."""
    policy(client, NEW, packages=[NAME], mode="off")
    etag = hidden(admin.get(f"/ui/policies/{NEW}"), "etag")
    path = f"/ui/policies/{NEW}/delete"
    assert admin.post(path, data={"confirm": "", "etag": etag}).status_code == 422
    policy(client, NEW, packages=[NAME], mode="warn")
    assert admin.post(path, data={"confirm": NEW, "etag": etag}).status_code == 412
    etag = hidden(admin.get(f"/ui/policies/{NEW}"), "etag")
    answer = admin.post(path, data={"confirm": NEW, "etag": etag})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui/policies")
    assert client.get(f"/api/v1/policies/{NEW}").status_code == 404


def test_signers_come_and_go(client: FlaskClient, admin: FlaskClient) -> None:
    """Buttons add and drop signers by asking for the page again."""
    fields = form(NEW, {**key(), "name": "first"}, {**key(), "name": "second"})
    assert planned(admin, {**fields, "do": "add sigstore"}).text.count("data-signer") == 3
    dropped = planned(admin, {**fields, "do": "drop 0"}).text
    assert 'value="first"' not in dropped
    assert 'value="second"' in dropped


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": "a b"}, "Must match"),
    "no packages": ({"packages": " "}, "between 1 and 50"),
    "no such mode": ({"mode": "strict"}, "Must be one of"),
    "no key": ({"signers.key": ["nonsense"]}, 'href="#signers.0.key"'),
    "claims": ({"signers.claims": ["nonsense"]}, "write NAME = GLOB"),
    "a claim": ({"signers.kind": ["sigstore"], "signers.claims": ["nonsense = x"]}, "nonsense.key: Must be one of"),
    "a root": ({"signers.root": ["{"]}, "a TrustedRoot as JSON."),
    "until": ({"signers.until": ["soon"]}, "Not a valid datetime."),
    "holes": ({"signers.kind": []}, "Each signer must have all of its fields."),
    "an unknown field": ({"nonsense": "1"}, "Unknown field."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_fields(client: FlaskClient, admin: FlaskClient, case: str) -> None:
    """422 in words, for the plan and for saving; nothing is stored."""
    fields, told = REFUSED[case]
    for path in ("new", "new/plan"):
        answer = admin.post(f"/ui/policies/{path}", data={**form(NEW, key()), **fields})
        assert answer.status_code == 422
        assert told in answer.text
    assert client.get(f"/api/v1/policies/{NEW}").status_code == 404
