"""Roll-outs as pages: what they show, and what is done by their buttons."""

import re

import pytest
from flask.testing import FlaskClient

from app.console.live import FIGURES
from app.console.pages import rollouts
from app.rollouts.actions import ROLES
from tests.api.rollouts.staged import Staged


def page_of(staged: Staged, client: FlaskClient) -> str:
    """The page of the newest roll-out, with figures of now."""
    FIGURES.forget()
    answer = client.get(f"/ui/rollouts/{staged.last()['id']}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_list(stopped: Staged, publisher: FlaskClient) -> None:
    """Each roll-out with what it changes, where it stands, and who began it."""
    row = publisher.get("/ui/rollouts").text.partition("data-rollout=")[2].partition("</tr>")[0]
    for shown in ("opamp-agent 1.0.0 → 1.1.0", "stable", "Stopped by the brake", "1 of 3", "0 of 6 good, 3 bad"):
        assert shown in row
    assert "by publisher" in row


def test_filters_stand_in_the_url(stopped: Staged, publisher: FlaskClient) -> None:
    """Channel and state let through what they name; what is no state is 422."""
    for query, shown in (("state=paused", 1), ("state=running", 0), ("channel=stable", 1), ("channel=other&state=", 0)):
        assert publisher.get(f"/ui/rollouts?{query}").text.count("data-rollout=") == shown
    for query in ("state=lost", "after=x", "after=0", "nonsense=1", "channel=a&channel=b"):
        assert publisher.get(f"/ui/rollouts?{query}").status_code == 422


def test_as_curl_names_the_filters_encoded(publisher: FlaskClient) -> None:
    """Nothing that a filter holds means anything to a shell."""
    page = publisher.get("/ui/rollouts", query_string={"channel": "$(id)'", "state": ""}).text
    assert "/api/v1/rollouts?channel=%24%28id%29%27&#39;" in page


def test_figures_are_the_apis(running: Staged, publisher: FlaskClient) -> None:
    """The bar's figures are the counts that the API tells; stages have their places."""
    page, counts = page_of(running, publisher), running.last()["counts"]
    for label in ("good", "busy", "bad"):
        assert f'data-figure="{label}">{counts[label]}<' in page
    assert "4 agents" in page
    assert "50 % of each platform" in page


def test_offline_agents_stand_apart(running: Staged, publisher: FlaskClient) -> None:
    """Agents that wait and say nothing are not counted among those that wait."""
    running.age(3600)
    page = page_of(running, publisher)
    assert 'data-figure="offline">2<' in page
    assert 'data-figure="waiting">0<' in page


def test_failures_by_message_and_platform(stopped: Staged, publisher: FlaskClient) -> None:
    """The message that most agents report comes first, with its platform."""
    rows = page_of(stopped, publisher).split('data-failure="')[1:]
    assert ["exec format error" in rows[0], "no room" in rows[1]] == [True, True]
    assert "<b>2</b>" in rows[0]
    assert "linux <b>amd64</b>" in rows[0]


def test_a_platform_that_fails_everywhere(running: Staged, publisher: FlaskClient) -> None:
    """It stands out once all of its agents that were offered it fail alike."""
    canaries = [agent for agent in running.agents if agent.uid in running.offers]
    running.fail(*canaries[:3], error="exec format error")
    assert "of them</span>" not in page_of(running, publisher)
    running.fail(canaries[3], error="exec format error")
    assert "all 4 of them" in page_of(running, publisher)


def test_the_brake(stopped: Staged, publisher: FlaskClient) -> None:
    """What it counts, where it stops, and that it has stopped."""
    page = page_of(stopped, publisher)
    assert 'data-brake="3/3"' in page
    assert "The brake has stopped it." in page
    assert "3 of 4 agents are bad, most often: failed (exec format error)." in page


def test_what_may_be_done(running: Staged, publisher: FlaskClient) -> None:
    """Only what its state allows has a button."""
    page = page_of(running, publisher)
    assert [name for name in ROLES if f'data-open="do-{name}"' in page] == ["pause", "advance", "finish", "rollback"]


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["pause"], "paused"),
        (["pause", "resume"], "running"),
        (["advance"], "running"),
        (["finish"], "running"),
        (["rollback"], "rolled_back"),
    ],
)
def test_actions(running: Staged, publisher: FlaskClient, actions: list[str], state: str) -> None:
    """Each ends in 303 to the page; its reason and who did it stand among what happened."""
    path = f"/ui/rollouts/{running.last()['id']}"
    for name in actions:
        answer = publisher.post(f"{path}/{name}", data={"reason": f"{name} for <b>tests</b>"})
        assert (answer.status_code, answer.headers["Location"].endswith(path)) == (303, True)
    assert running.last()["state"] == state
    page = page_of(running, publisher)
    assert f"{actions[-1]} for &lt;b&gt;tests&lt;/b&gt;" in page
    assert "by publisher" in page


def test_approval_is_the_admins(staged: Staged, publisher: FlaskClient, admin: FlaskClient) -> None:
    """A publisher sees that it waits and has no button; an admin's press begins it."""
    staged.begin(approval=True, quiet=0)
    staged.fleet(1)
    staged.publish("1.1.0")
    staged.look()
    path = f"/ui/rollouts/{staged.last()['id']}"
    assert "do-approve" not in page_of(staged, publisher)
    assert publisher.post(f"{path}/approve", data={}).status_code == 403
    assert 'data-open="do-approve"' in page_of(staged, admin)
    assert admin.post(f"{path}/approve", data={"reason": ""}).status_code == 303
    assert staged.last()["state"] == "running"


def test_refusals_are_pages(running: Staged, publisher: FlaskClient) -> None:
    """What its state does not allow is 409, a reason that is too long 422, one that is not there 404: as pages."""
    path = f"/ui/rollouts/{running.last()['id']}"
    publisher.post(f"{path}/rollback", data={"reason": ""})
    refused = publisher.post(f"{path}/pause", data={"reason": ""})
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert "The roll-out is rolled_back: pause is not possible." in refused.text
    assert publisher.post(f"{path}/rollback", data={"reason": "x" * 1001}).status_code == 422
    assert publisher.get("/ui/rollouts/999999999").status_code == 404


def test_live(running: Staged, publisher: FlaskClient) -> None:
    """The polled part is 304 while nothing changes, and stops the polling when the roll-out is over."""
    path = f"/ui/rollouts/{running.last()['id']}"
    first = publisher.get(f"{path}/live")
    again = publisher.get(f"{path}/live", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    publisher.post(f"{path}/rollback", data={"reason": ""})
    FIGURES.forget()
    assert publisher.get(f"{path}/live").status_code == 286


def test_figures_of_a_large_one_come_after_the_page(
    running: Staged, publisher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page asks for what is counted over its agents; whoever runs no script follows a link."""
    monkeypatch.setattr(rollouts, "AT_ONCE", 5)
    path = f"/ui/rollouts/{running.last()['id']}"
    page = publisher.get(path).text
    assert f'hx-get="{path}/live" hx-trigger="load, ' in page
    assert "data-brake" not in page
    assert f'href="{path}?figures=now"' in page
    assert "data-brake" in publisher.get(f"{path}?figures=now").text


def test_the_channel_leads_to_it(running: Staged, publisher: FlaskClient, agent: FlaskClient) -> None:
    """A channel's page leads to its roll-out that is not over, but for agents, who may not see it."""
    path = f"/ui/rollouts/{running.rollout_id}"
    assert path in publisher.get("/ui/channels/stable").text
    assert path not in agent.get("/ui/channels/stable").text
    assert agent.get(path).status_code == 403


def test_the_curve(running: Staged, publisher: FlaskClient) -> None:
    """It tells how many are good, and rises when they are; a stage that has opened is marked."""
    assert "Good agents since it started: 0 of 6" in page_of(running, publisher)
    running.install(*(agent for agent in running.agents if agent.uid in running.offers))
    page = page_of(running, publisher)
    assert "Good agents since it started: 4 of 6" in page
    assert page.partition('class="chart"')[2].count('class="mark"') == 1


def test_the_curve_goes_on(running: Staged, publisher: FlaskClient) -> None:
    """While a stage fills, a dashed line says how far it comes at this pace: to its places at most, and not beyond."""
    canaries = [agent for agent in running.agents if agent.uid in running.offers]
    assert 'class="curve ahead"' not in page_of(running, publisher)
    running.install(*canaries[:2])
    page = page_of(running, publisher)
    assert 'class="curve ahead"' in page
    expected = re.search(r"At this pace (\d+) next", page)
    assert expected is not None
    assert 2 < int(expected[1]) <= len(canaries)
    running.install(*canaries[2:])
    assert 'class="curve ahead"' not in page_of(running, publisher)


def test_when_the_next_stage_opens(running: Staged, publisher: FlaskClient) -> None:
    """Once a stage is good, the next one says when it opens at the earliest; before that nobody knows."""
    assert "at the earliest" not in page_of(running, publisher)
    running.install(*(agent for agent in running.agents if agent.uid in running.offers))
    running.look()
    row = page_of(running, publisher).partition('data-stage="2"')[2].partition("</tr>")[0]
    assert "at the earliest" in row


def test_no_curve_where_nothing_is_known(staged: Staged, publisher: FlaskClient) -> None:
    """One that waits for approval has not begun; one that ended before any agent answered has nothing to draw."""
    staged.begin(approval=True, quiet=0)
    staged.fleet(1)
    staged.publish("1.1.0")
    staged.look()
    assert 'class="chart"' not in page_of(staged, publisher)
    staged.act("approve")
    assert 'class="chart"' in page_of(staged, publisher)
    staged.act("rollback")
    assert 'class="chart"' not in page_of(staged, publisher)


def test_starting_again(running: Staged, publisher: FlaskClient) -> None:
    """One that was rolled back, its channel's last, begins anew by a button, and the page of the new one says why."""
    path = f"/ui/rollouts/{running.last()['id']}"
    assert 'data-open="do-again"' not in page_of(running, publisher)
    publisher.post(f"{path}/rollback", data={"reason": ""})
    assert 'data-open="do-again"' in page_of(running, publisher)
    answer = publisher.post(f"{path}/again", data={"reason": "the disk was full"})
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/ui/rollouts/{running.last()['id']}")
    assert running.last()["state"] == "running"
    assert "the disk was full" in page_of(running, publisher)
    FIGURES.forget()
    assert 'data-open="do-again"' not in publisher.get(path).text


def test_starting_again_needs_an_end(running: Staged, publisher: FlaskClient) -> None:
    """Where one is not over, it is 409 as a page."""
    path = f"/ui/rollouts/{running.last()['id']}"
    assert publisher.post(f"{path}/again", data={"reason": ""}).status_code == 409
