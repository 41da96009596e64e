"""The channel editor: what is saved was planned, and undoes nobody's work."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.channels.schemas import MAX_PACKAGES
from tests.console.fleet.fleet import api, form, hidden, publish, put, settled
from tests.console.site import Console

MATCH = {"deployment.environment": "editor"}

Save = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def client(console: Console) -> FlaskClient:
    """The API, with a package and an agent that has its first version."""
    made = api(console)
    publish(made, "edited", "1.0.0", "1.1.0")
    publish(made, "plugin", "1.0.0")
    put(made, "editing", MATCH, edited="1.0.0")
    settled(made, deployment_environment="editor")
    return made


@pytest.fixture
def restored(client: FlaskClient) -> None:
    """The channel as it was at first."""
    put(client, "editing", MATCH, edited="1.0.0")


def planned(pages: FlaskClient, fields: dict[str, Any], **headers: str) -> TestResponse:
    """The editor with the plan of these fields."""
    return pages.post(f"/ui/channels/{fields['name']}/plan", data=fields, headers=headers)


def opened(pages: FlaskClient) -> str:
    """The entity tag of the channel as the editor opens it."""
    return hidden(pages.get("/ui/channels/editing/edit"), "etag")


def save(pages: FlaskClient, fields: dict[str, Any], **more: str) -> TestResponse:
    """Save what has been planned just before."""
    seen = {"plan": hidden(planned(pages, fields), "plan"), **more}
    return pages.post(f"/ui/channels/{fields['name']}", data={**fields, **seen})


@pytest.mark.usefixtures("restored")
def test_what_was_planned_is_saved(client: FlaskClient, publisher: FlaskClient) -> None:
    """303 to the channel, which is what the form said."""
    fields = form("editing", MATCH, {"edited": "latest"}, etag=opened(publisher), description="as the form has it")
    answer = save(publisher, fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui/channels/editing")
    channel = client.get("/api/v1/channels/editing").get_json()
    assert (channel["match"], channel["description"]) == (MATCH, "as the form has it")
    assert [(each["name"], each["version"]) for each in channel["packages"]] == [("edited", "latest")]


@pytest.mark.usefixtures("restored")
def test_the_plan_is_told(publisher: FlaskClient) -> None:
    """How many agents do what, on the button as well; script gets the part alone."""
    fields = form("editing", MATCH, {"edited": "1.1.0"})
    part = planned(publisher, fields, HX_Request="true")
    assert "Save: 1 agent upgrades" in part.text
    assert 'data-change="upgrade"' in part.text
    assert "<html" not in part.text
    whole = planned(publisher, fields)
    assert "Save: 1 agent upgrades" in whole.text
    assert "<html" in whole.text


@pytest.mark.usefixtures("restored")
def test_the_page_does_not_wait_for_the_plan(publisher: FlaskClient) -> None:
    """The editor comes without the plan, which looks at all agents, and with what asks for it."""
    page = publisher.get("/ui/channels/editing/edit").text
    assert 'hx-trigger="load, ' in page
    assert 'formaction="/ui/channels/editing/plan">Show the plan' in page
    assert "Save:" not in page


def test_an_empty_form_is_not_planned(publisher: FlaskClient) -> None:
    """A new channel's first look tells of no errors; one for a package is planned at once."""
    assert 'hx-trigger="input ' in publisher.get("/ui/channels/new").text
    assert 'hx-trigger="load, ' in publisher.get("/ui/channels/new?package=edited").text


@pytest.mark.usefixtures("restored")
def test_nothing_is_saved_without_its_plan(client: FlaskClient, publisher: FlaskClient) -> None:
    """409 where no plan was shown, or one of something else; the right one is shown then, and can be saved."""
    before = client.get("/api/v1/channels/editing").get_json()
    fields = form("editing", MATCH, {"edited": "1.1.0"}, etag=opened(publisher))
    other = hidden(planned(publisher, form("editing", MATCH, {"edited": "latest"})), "plan")
    for plan in ("", other):
        answer = publisher.post("/ui/channels/editing", data={**fields, "plan": plan})
        assert answer.status_code == 409
        assert client.get("/api/v1/channels/editing").get_json() == before
    again = publisher.post("/ui/channels/editing", data={**fields, "plan": hidden(answer, "plan")})
    assert again.status_code == 303


@pytest.mark.usefixtures("restored")
def test_removal_asks_for_the_name(client: FlaskClient, publisher: FlaskClient) -> None:
    """Where agents lose a package, the channel's name has to be typed: 422 otherwise."""
    fields = form("editing", MATCH, {"plugin": "latest"}, etag=opened(publisher))
    for typed in ("", "editin"):
        answer = save(publisher, fields, confirm=typed)
        assert answer.status_code == 422
        assert "agents lose packages" in answer.text
    assert client.get("/api/v1/channels/editing").get_json()["packages"][0]["name"] == "edited"
    assert save(publisher, fields, confirm="editing").status_code == 303


@pytest.mark.usefixtures("restored")
def test_two_editors(client: FlaskClient, publisher: FlaskClient) -> None:
    """The second gets 409 with both texts, and may then put its own in place of the first's."""
    etag = opened(publisher)
    put(client, "editing", MATCH, edited="1.1.0")
    fields = form("editing", MATCH, {"edited": "latest"}, etag=etag)
    answer = save(publisher, fields)
    assert answer.status_code == 409
    assert "Somebody has saved this channel" in answer.text
    assert "edited 1.1.0 top_level" in answer.text
    assert "edited latest top_level" in answer.text
    renewed = {**fields, "etag": hidden(answer, "etag")}
    assert save(publisher, renewed).status_code == 303


def test_a_new_channel_replaces_none(client: FlaskClient, publisher: FlaskClient) -> None:
    """A channel is made by its name; 409 if there is one."""
    put(client, "taken", {"nobody": "has"}, edited="1.0.0")
    for name, status in (("taken", 409), ("brand-new", 303)):
        fields = form(name, {"nobody": "has"}, {"edited": "latest"})
        plan = hidden(publisher.post("/ui/channels/new/plan", data=fields), "plan")
        assert publisher.post("/ui/channels/new", data={**fields, "plan": plan}).status_code == status
    assert client.get("/api/v1/channels/brand-new").status_code == 200


def test_kinds_of_values(client: FlaskClient, publisher: FlaskClient) -> None:
    """Numbers and truth values stay what they are through the editor."""
    match = {"text": "7", "number": 7, "fraction": 0.5, "truth": True}
    put(client, "kinds", match)
    page = publisher.get("/ui/channels/kinds/edit")
    fields = {
        **form("kinds", {name: str(value).lower() for name, value in match.items()}, {}),
        "match.kind": ["text", "number", "number", "truth"],
        "etag": hidden(page, "etag"),
    }
    assert save(publisher, fields).status_code == 303
    assert client.get("/api/v1/channels/kinds").get_json()["match"] == match


def test_what_the_editor_does_not_know_stays(client: FlaskClient, publisher: FlaskClient) -> None:
    """What the API says of a package's delivery is carried through the editor."""
    package = {"name": "edited", "version": "latest", "type": "top_level", "as": "renamed"}
    client.put("/api/v1/channels/carried", json={"match": {"nobody": "has"}, "packages": [package]})
    more = {"packages.more": ['{"as": "renamed"}'], "etag": hidden(publisher.get("/ui/channels/carried/edit"), "etag")}
    assert save(publisher, {**form("carried", {"nobody": "has"}, {"edited": "1.0.0"}), **more}).status_code == 303
    (kept,) = client.get("/api/v1/channels/carried").get_json()["packages"]
    assert (kept["version"], kept["as"]) == ("1.0.0", "renamed")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such package": ({"packages.name": ["nowhere"]}, "There is no package of this name."),
    "no such version": ({"packages.version": ["9.9.9"]}, "This package has no such version."),
    "a wrong number": ({"match.kind": ["number"]}, "Must be a number."),
    "a wrong truth": ({"match.kind": ["truth"]}, "Must be true or false."),
    "a repeated key": (
        {"match.key": ["a", "a"], "match.value": ["1", "2"], "match.kind": ["text", "text"]}, "Must not be repeated.",
    ),
    "no name": ({"name": "-"}, "Must match"),
    "rows with holes": ({"match.kind": []}, "Each row must have all of its fields."),
    "an unknown field": ({"nonsense": "1"}, "Unknown field."),
    "no JSON": ({"packages.more": ["{"]}, "Is not what the editor had sent."),
}  # fmt: skip


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("case", REFUSED)
def test_bad_fields(publisher: FlaskClient, case: str) -> None:
    """422 in words, with what was typed."""
    fields, told = REFUSED[case]
    answer = publisher.post("/ui/channels/new", data={**form("refused", {"a": "x"}, {"edited": "latest"}), **fields})
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.usefixtures("client")
def test_rows_without_script(publisher: FlaskClient) -> None:
    """Buttons add and drop rows by asking for the page again."""
    fields = form("rows", {"first": "1", "second": "2"}, {"edited": "latest"})
    added = publisher.post("/ui/channels/new/plan", data={**fields, "do": "add-match"})
    assert added.text.count('data-row="match"') == 4  # the template's own is one of them
    dropped = publisher.post("/ui/channels/new/plan", data={**fields, "do": "drop-match 0"})
    assert 'value="first"' not in dropped.text
    assert 'value="second"' in dropped.text


def test_a_channel_of_many_packages(client: FlaskClient, publisher: FlaskClient) -> None:
    """As many packages as a channel may have can be edited: four fields each."""
    wanted = {f"many-{number:04}": "latest" for number in range(MAX_PACKAGES)}
    answer = planned(publisher, form("many", {"tier": "many"}, wanted), **{"HX-Request": "true"})
    assert answer.status_code == 200
    answer = planned(publisher, form("many", {"tier": "many"}, wanted | {"one-more": "latest"}))
    assert f"Longer than maximum length {MAX_PACKAGES}" in answer.text
