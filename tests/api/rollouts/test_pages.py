"""The list of roll-outs, of which a publisher may make large ones."""

import pytest
from sqlalchemy import text

from app.rollouts import listing
from tests.api.paging import pages
from tests.api.rollouts.staged import AT_ONCE, Staged

ROWS = 20
LARGE = f"""
INSERT INTO rollouts (channel, from_id, to_id, changes, policy, state, stages, created_by)
SELECT channel, from_id, to_id, jsonb_build_array(jsonb_build_object('name', repeat('x', 524288))), policy,
       'cancelled', stages, created_by FROM rollouts, generate_series(1, {ROWS - 1})
"""
EVENTS = """
INSERT INTO rollout_events (rollout_id, by, by_kind, action, stage, reason)
SELECT id, 'bob', 'user', 'pause', 1, n::text FROM rollouts, generate_series(1, 1000) AS n
"""


@pytest.fixture
def under_way(staged: Staged) -> Staged:
    """One roll-out."""
    staged.begin(**AT_ONCE)
    staged.agent()
    staged.publish("1.1.0")
    staged.look()
    return staged


def execute(staged: Staged, statement: str) -> None:
    """Write past the service."""
    with staged.parts.database.writing() as connection:
        connection.execute(text(statement))


def test_pages_by_bytes(under_way: Staged) -> None:
    """No page has 4 MiB, each roll-out comes once, and a few at a time from PostgreSQL."""
    execute(under_way, LARGE)
    found = pages(under_way.publisher, "rollouts")
    ids = [rollout["id"] for page in found for rollout in page]
    assert (len(found), len(set(ids)), ids) == (3, ROWS, sorted(ids, reverse=True))
    with under_way.parts.rollouts.listing.page({}, ROWS, None) as batches:
        assert len(next(batches)) == listing.AT_ONCE


def test_the_last_events(under_way: Staged) -> None:
    """Of somebody who pauses and resumes for days the last events are shown, oldest first."""
    execute(under_way, EVENTS)
    reasons = [event["reason"] for event in under_way.last()["events"]]
    assert reasons == [str(number) for number in range(1001 - listing.MOST_EVENTS, 1001)]
