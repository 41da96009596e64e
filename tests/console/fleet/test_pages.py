"""Channels and agents as pages: what they show, for whom."""

import subprocess
import uuid

import pytest
from flask.testing import FlaskClient

from app.console.live import FIGURES
from tests.console.fleet.fleet import api, publish, put, settled
from tests.console.site import Console

HOSTILE = '"><script>alert(1)</script>{{7*7}}'


@pytest.fixture(scope="module")
def client(console: Console) -> FlaskClient:
    """The API, with a package, two channels and agents of both."""
    made = api(console)
    publish(made, "shown", "1.0.0")
    put(made, "shown-a", {"tier": "a"}, shown="latest")
    put(made, "shown-b", {"tier": "a", "zone": "b"}, shown="1.0.0")
    return made


def test_channels_and_their_agents(client: FlaskClient, agent: FlaskClient) -> None:
    """Each channel with what it asks for, what its agents have, and how many they are."""
    settled(client, tier="a")
    page = agent.get("/ui/channels")
    assert page.status_code == 200
    row = page.text.partition('data-channel="shown-b"')[2].partition("</tr>")[0]
    assert "zone <b>b</b>" in row
    assert "<b>shown</b> 1.0.0" in row
    assert "New channel" not in page.text


def test_one_channel(client: FlaskClient, publisher: FlaskClient) -> None:
    """A channel's page leads to its agents and its editor; deleting is the admin's."""
    page = publisher.get("/ui/channels/shown-a")
    assert "/ui/agents?channel=shown-a" in page.text
    assert "/ui/channels/shown-a/edit" in page.text
    assert "Delete" not in page.text
    assert publisher.get("/ui/channels/absent").status_code == 404


def test_figures_come_after_the_page(client: FlaskClient, publisher: FlaskClient) -> None:
    """How its agents stand is asked for by script, or by a link; while the figures are fresh the page has them."""
    settled(client, tier="a")
    FIGURES.forget()
    page = publisher.get("/ui/channels/shown-a").text
    assert 'hx-trigger="load, ' in page
    assert "/ui/channels/shown-a?figures=now" in page
    assert 'data-package="shown"><div' in publisher.get("/ui/channels/shown-a?figures=now").text
    again = publisher.get("/ui/channels/shown-a").text
    assert 'data-package="shown"><div' in again
    assert 'hx-trigger="load, ' not in again


def test_live_agents_are_304_while_nothing_changes(client: FlaskClient, publisher: FlaskClient) -> None:
    """The polled part has an ETag over what it shows."""
    first = publisher.get("/ui/channels/shown-a/live")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = publisher.get("/ui/channels/shown-a/live", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_delete_asks_for_the_name(client: FlaskClient, admin: FlaskClient) -> None:
    """422 until the name is typed; then it is gone."""
    put(client, "doomed", {"tier": "none"})
    assert admin.post("/ui/channels/doomed/delete", data={"confirm": "doom"}).status_code == 422
    assert client.get("/api/v1/channels/doomed").status_code == 200
    assert admin.post("/ui/channels/doomed/delete", data={"confirm": "doomed"}).status_code == 303
    assert client.get("/api/v1/channels/doomed").status_code == 404


def test_why_this_channel_is_the_offers(client: FlaskClient, publisher: FlaskClient) -> None:
    """The channel that the page calls chosen is the one that the API's offer names."""
    for attributes in ({"tier": "a"}, {"tier": "a", "zone": "b"}, {"tier": "z"}):
        talking = settled(client, **attributes)
        offer = client.post("/api/v1/offers", json={"attributes": talking.attributes})
        page = publisher.get(f"/ui/agents/{talking.uid}").text
        assert f'data-chosen="{offer.headers.get("OpAMP-Channel", "")}"' in page


def test_the_filters_are_the_apis(client: FlaskClient, publisher: FlaskClient) -> None:
    """Each filter shows the rows that the API lists; empty ones, as a form sends them, are none."""
    uid = settled(client, tier="a", host_name=f"host-{uuid.uuid4()}").uid
    queries = ("channel=shown-a", "os.type=linux&host.arch=amd64", "package=shown&version=1.0.0", "status=online",
               "package_status=installed", f"q={uid}", "error=nothing", "q=&channel=&status=&error=")  # fmt: skip
    for query in queries:
        listed = client.get(f"/api/v1/agents?limit=50&{'&'.join(p for p in query.split('&') if p[-1] != '=')}")
        page = publisher.get(f"/ui/agents?{query}")
        assert page.status_code == 200, query
        shown = [part.partition('"')[0] for part in page.text.split('data-agent="')[1:]]
        assert shown == [row["instance_uid"] for row in listed.get_json()], query


def test_jump_by_host_name(client: FlaskClient, agent: FlaskClient, publisher: FlaskClient) -> None:
    """Publishers jump to an agent by the beginning of its host's name."""
    uid = settled(client, host_name="jumped-017").uid
    assert f"/ui/agents/{uid}" in publisher.get("/ui/jump?q=jumped").text
    assert "jumped-017" not in agent.get("/ui/jump?q=jumped").text


@pytest.mark.parametrize("query", ["status=x", "nonsense=1", "after=1", f"q={'x' * 201}", "q=a&q=b", "error=%00"])
def test_bad_filters(publisher: FlaskClient, query: str) -> None:
    """422, as of the API."""
    assert publisher.get(f"/ui/agents?{query}").status_code == 422


def test_hostile_attributes_are_text(client: FlaskClient, publisher: FlaskClient) -> None:
    """What an agent says of itself is shown, never run."""
    talking = settled(client, host_name=HOSTILE, **{HOSTILE: HOSTILE})
    for path in (f"/ui/agents?q={talking.uid}", f"/ui/agents/{talking.uid}"):
        page = publisher.get(path).text
        assert "<script>alert" not in page
        assert "{{7*7}}" in page


def test_roles(client: FlaskClient, agent: FlaskClient, publisher: FlaskClient, console: Console) -> None:
    """Agents' pages and the editor need a publisher, deleting an admin; who is nobody is led to the login."""
    for path in ("/ui/agents", "/ui/channels/new", "/ui/channels/shown-a/edit", f"/ui/agents/{uuid.uuid4()}"):
        assert agent.get(path).status_code == 403
        assert console.client().get(path).status_code == 303
    for path in ("/ui/channels/new/plan", "/ui/channels/shown-a"):
        assert agent.post(path, data={}).status_code == 403
    assert publisher.post("/ui/channels/shown-a/delete", data={"confirm": "shown-a"}).status_code == 403


@pytest.mark.parametrize("path", ["channels", "agents?package=shown", "channels/shown-a"])
def test_as_curl_runs(client: FlaskClient, console: Console, publisher: FlaskClient, path: str) -> None:
    """The page's command, run by a shell, gives what the API gives."""
    text = publisher.get(f"/ui/{path}").text
    command = next(part.partition("</pre")[0] for part in text.split(">") if part.startswith("curl -fsS"))
    for entity, character in (("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        command = command.replace(entity, character)
    token = client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    environment = {"TOKEN": token, "PATH": "/usr/bin:/bin"}
    output = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, check=True, timeout=60
    ).stdout
    assert output == client.get(f"/api/v1/{path}").data
