"""Roll-outs on the overview, and the way from why one failed to the agents."""

import html
import re

from flask.testing import FlaskClient

from app.console.live import FIGURES
from tests.api.rollouts.staged import Staged
from tests.console.rollouts.test_pages import page_of


def overview(client: FlaskClient) -> str:
    """The part of roll-outs, with figures of now; empty if it has none."""
    FIGURES.forget()
    return client.get("/ui/").text.partition('id="rollouts"')[2].partition("</section>")[0]


def test_what_is_under_way(running: Staged, publisher: FlaskClient, agent: FlaskClient) -> None:
    """Each that is not over with how far its agents are; for who may open its page."""
    shown = overview(publisher)
    assert f"/ui/rollouts/{running.last()['id']}" in shown
    for words in ("opamp-agent 1.0.0 → 1.1.0", "Running", "0 of 6 good, stage 1 of 3"):
        assert words in shown
    assert 'hx-trigger="every 3s' in publisher.get("/ui/").text
    assert overview(agent) == ""


def test_the_brake(stopped: Staged, publisher: FlaskClient) -> None:
    """One that the brake has stopped says so, and why; once it is rolled back it is gone."""
    shown = overview(publisher)
    assert "Stopped by the brake" in shown
    assert "3 of 4 agents are bad" in shown
    publisher.post(f"/ui/rollouts/{stopped.last()['id']}/rollback", data={"reason": ""})
    assert overview(publisher) == ""


def test_from_a_failure_to_its_agents(stopped: Staged, publisher: FlaskClient) -> None:
    """The number of agents that report a message leads to the list of just these."""
    href = re.search(r'href="([^"]+error=exec[^"]+)"', page_of(stopped, publisher))
    assert href
    listed = publisher.get(html.unescape(href[1])).text
    assert listed.count("data-agent=") == 2
