"""What metrics and the log tell of roll-outs."""

import logging
import re

import pytest
from flask.testing import FlaskClient

from tests.api.channels.setting import channel
from tests.api.rollouts.staged import NAME, Staged

POLICY = {"stages": [{"agents": 2}], "soak": 0, "quiet": 0, "max_failures": 0}


def scraped(staged: Staged, client: FlaskClient) -> str:
    """The metrics, with the gauges read anew."""
    staged.parts.rollouts.gauges._kept = (-60.0, b"")
    return client.get("/metrics").text


def begun(staged: Staged) -> None:
    """A roll-out to 1.1.0; of two canaries one has installed it, the other fails, which stops it."""
    staged.begin(**POLICY)
    staged.fleet(4)
    staged.publish("1.1.0")
    staged.look()
    first, second = staged.poll()
    staged.install(first)
    staged.fail(second)


def test_gauges(staged: Staged, client: FlaskClient) -> None:
    """Of what is not over: agents by each of the states, the stage, and whether it is paused."""
    begun(staged)
    text = scraped(staged, client)
    counts = {"waiting": 2, "busy": 0, "good": 1, "bad": 1, "returned": 0}
    for state, count in counts.items():
        assert f'opamp_packages_rollout_agents{{channel="stable",state="{state}"}} {count}\n' in text
    assert 'opamp_packages_rollout_stage{channel="stable"} 1\n' in text
    assert 'opamp_packages_rollout_paused{channel="stable"} 1\n' in text


def test_gauges_of_what_is_over(staged: Staged, client: FlaskClient) -> None:
    """None: no channel is left in them."""
    begun(staged)
    staged.act("rollback")
    text = scraped(staged, client)
    assert not [line for line in text.splitlines() if line.startswith("opamp_packages_rollout_agents{")]


@pytest.mark.parametrize("column", ["looked_at", "created_at"])
def test_the_age_of_the_last_look(staged: Staged, client: FlaskClient, column: str) -> None:
    """One number for all channels; a roll-out that nobody has looked after yet counts from its beginning."""
    begun(staged)
    with staged.parts.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE rollouts SET created_at = now() - interval '9 min', looked_at = NULL"
            if column == "created_at"
            else "UPDATE rollouts SET looked_at = now() - interval '9 min'"
        )
    head, *_ = scraped(staged, client).split("opamp_packages_rollout_look_age_seconds ")[-1].split("\n")
    assert 540 <= float(head) < 700


def test_counters(staged: Staged, client: FlaskClient) -> None:
    """What happened, and how agents fared."""
    begun(staged)
    staged.act("resume")
    staged.act("pause")
    staged.act("rollback")
    text = client.get("/metrics").text
    for outcome in ("offered", "good", "failed"):
        assert f'opamp_packages_rollout_outcomes_total{{channel="stable",outcome="{outcome}"}}' in text
    for action in ("started", "stage", "brake", "resume", "pause", "rollback"):
        assert f'opamp_packages_rollout_events_total{{action="{action}",channel="stable"}}' in text
    assert "opamp_packages_rollout_look_seconds_bucket" in text


def test_the_time_of_a_look(staged: Staged, client: FlaskClient) -> None:
    """It is of all roll-outs together: two that are not over are one look."""
    begun(staged)
    channel(staged.publisher, name="other", packages={NAME: "1.0.0"}, rollout=POLICY)
    assert channel(staged.publisher, name="other", packages={NAME: "1.1.0"})["rollout_id"]
    before = looks(client)
    staged.look()
    assert looks(client) == before + 1


def looks(client: FlaskClient) -> float:
    """How many have been observed."""
    (line,) = re.findall("^opamp_packages_rollout_look_seconds_count (.*)$", client.get("/metrics").text, re.MULTILINE)
    return float(line)


def test_log_lines(staged: Staged, caplog: pytest.LogCaptureFixture) -> None:
    """One for each event: which roll-out, what, in which stage, by whom and why; a warning where it stops itself."""
    with caplog.at_level(logging.INFO):
        begun(staged)
        staged.act("rollback", reason="it hurts")
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "app.rollouts.rows"]
    assert lines[0][1].startswith("roll-out 1 of stable: started in stage 1 by ")
    assert ("INFO", "roll-out 1 of stable: stage in stage 1 by service") in lines
    brake = "roll-out 1 of stable: brake in stage 1 by service: 1 of 2 agents are bad, most often: failed (no room)."
    assert [line for line in lines if line[0] == "WARNING"] == [("WARNING", brake)]
    assert lines[-1][1].endswith(": rollback in stage 1 by admin of the tests: it hurts")
