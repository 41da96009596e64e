"""What roll-outs ask of 100,000 agents: nothing is read in a row of which a part is wanted."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import psycopg2
import pytest
from sqlalchemy import Connection, create_engine, event

from app.database import Database
from app.database.engine import engine_options
from app.rollouts import choosing, places, watching
from app.rollouts.braking import tally
from app.rollouts.choosing import Scope
from app.rollouts.insight import RolloutInsight
from app.rollouts.listing import RolloutListing
from app.rollouts.outcome import Outcome
from app.rollouts.places import Places
from app.rollouts.policy import Policy, Stage
from app.rollouts.policy_schema import RolloutPolicySchema
from app.rollouts.rows import hold
from app.rollouts.should_have import Standing
from bench import opamp
from dev.parts.postgres import Postgres
from tests.databases import execute, found, migrated
from tests.integration.plans.plan import Plan

TABLES = {"agents", "agent_polls", "rollouts", "rollout_agents", "rollout_events", "editions"}
ENDED = 2_000
"""Roll-outs that are over, with 50 places and 5 events each."""

SILENCE = 1_000_000
"""Seconds: all agents are online."""

UID = uuid.UUID("00000000-0000-0000-0000-000000000001")

_ROLLOUT = """
    INSERT INTO rollouts (created_by, from_id, changes, policy, stages, stage, places, channel_id, channel, to_id, state
"""
_CONTENT = RolloutPolicySchema().load({})
_SAME = f"'service', 1, '[]', '{json.dumps(_CONTENT)}', '[]', 1, 300"
_PLACES = "INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state, offered_at)"

FILL = (
    opamp.FILL,
    opamp.SETTLED,
    "UPDATE agents SET channel = 'canary' WHERE instance_uid::text LIKE '%00'",
    "INSERT INTO channels (name, description, match) VALUES ('canary', '', '{}'), ('stable', '', '{}')",
    f"""INSERT INTO editions (channel_id, content)
        SELECT channels.id, '{{"packages": [], "files": []}}' FROM generate_series(1, {ENDED}), channels""",
    f"""{_ROLLOUT}, ended_at) SELECT {_SAME}, NULL, 'channel-' || n % 100, n, 'complete', now()
        FROM generate_series(1, {ENDED}) AS n""",
    f"{_ROLLOUT}) SELECT {_SAME}, id, name, {ENDED} + id, 'running' FROM channels",
    "UPDATE channels SET stable_id = 1",
    f"""{_PLACES} SELECT n, ('00000000-0000-0000-0000-' || lpad(to_hex(n * 50 + m), 12, '0'))::uuid, 1, 'good', now()
        FROM generate_series(1, {ENDED}) AS n, generate_series(0, 49) AS m ON CONFLICT DO NOTHING""",
    f"""{_PLACES} SELECT rollouts.id, mine.instance_uid, 1, mine.state, now()
        FROM rollouts JOIN LATERAL (
            SELECT instance_uid, (ARRAY['waiting', 'busy', 'good', 'bad'])[1 + row_number() OVER () % 4] AS state
            FROM agents WHERE agents.channel = rollouts.channel LIMIT 300
        ) AS mine ON true WHERE rollouts.state = 'running'""",
    """INSERT INTO rollout_events (rollout_id, by, by_kind, action, stage)
        SELECT rollouts.id, 'service', 'service', 'stage', 1 FROM rollouts, generate_series(1, 5)""",
    "ANALYZE",
)

POLICY = Policy.of(_CONTENT)


@pytest.fixture(scope="module")
def database(postgres_server: Postgres, database_template: None) -> Iterator[Database]:
    """The service's database, with agents and roll-outs."""
    with migrated(postgres_server, "rollout_plans") as url:
        execute(url, *FILL)
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:", 1), **engine_options(1))
        yield Database(engine)
        engine.dispose()


@pytest.fixture(scope="module")
def running(database: Database) -> dict[str, int]:
    """The ids of the roll-outs that are not over, by channel: one of 390 agents, one of all others."""
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return dict(found(url, "SELECT channel, id FROM rollouts WHERE state = 'running'"))


def scope(rollout_id: int) -> Scope:
    """Of the roll-out of the few."""
    return Scope(rollout_id, "canary", 1, [2], [("linux", "amd64")], SILENCE)


Asks = Callable[[Connection, int], object]

OF_THE_FEW: dict[str, Asks] = {
    "platforms": lambda connection, _: places.platforms(connection, "canary"),
    "choose": lambda connection, id_: choosing.choose(connection, scope(id_), 1, Stage(percent=10.0), 50),
    "known": lambda connection, id_: choosing.known(connection, scope(id_), {"os.type": "linux"}),
    "still to come": lambda connection, id_: choosing.still_to_come(connection, scope(id_)),
    "offline": lambda connection, id_: choosing.offline(connection, scope(id_)),
}
"""Of a channel's agents, where these are few."""


def of_places(connection: Connection, rollout_id: int) -> Places:
    """The places of one agent."""
    return Places(connection, Standing(stable=1, rollout=rollout_id, to=2, stage=1), UID)


def watched(connection: Connection, rollout_id: int) -> None:
    """All that a look notes of agents."""
    rollout = hold(connection, rollout_id)
    assert rollout is not None
    watching.note_left(connection, rollout)
    watching.free_places(connection, rollout, SILENCE)
    list(watching.note_bad(connection, rollout, POLICY, SILENCE))


OF_PLACES: dict[str, Asks] = {
    "let go": lambda connection, id_: choosing.let_go(connection, id_, SILENCE, 50),
    "wake": lambda connection, id_: choosing.wake(connection, id_, moves=True),
    "watch": watched,
    "tally": tally,
    "held": choosing.held,
    "unanswered": choosing.unanswered,
    "situation": lambda connection, _: places.situation(connection, "stable", UID, 3),
    "claim": lambda connection, id_: of_places(connection, id_).claim(was_healthy=True),
    "join": lambda connection, id_: of_places(connection, id_).join(was_healthy=True),
    "leave": lambda connection, id_: of_places(connection, id_).leave(),
    "answer": lambda connection, id_: of_places(connection, id_).answer(Outcome("good")),
    "return": lambda connection, _: places.note_return(connection, UID, 3),
}
"""Of a roll-out with 300 places, of a channel of 99,610 agents."""


def together(page: AbstractContextManager[Iterator[Sequence[Any]]]) -> int:
    """How many rows there are in all batches."""
    with page as batches:
        return sum(len(rows) for rows in batches)


LISTS: dict[str, Callable[[Database, int], object]] = {
    "roll-outs": lambda database, _: together(RolloutListing(database).page({}, 101, ENDED // 2)),
    "of a channel": lambda database, _: together(RolloutListing(database).page({"channel": "channel-7"}, 11, None)),
    "of a state": lambda database, _: together(RolloutListing(database).page({"state": "complete"}, 101, ENDED // 2)),
    "one": lambda database, id_: RolloutListing(database).get(id_),
    "agents": lambda database, id_: RolloutListing(database).agents(id_, {}, 101, UID),
    "agents of a state": lambda database, id_: RolloutListing(database).agents(id_, {"state": "bad"}, 101, None),
    "gauges": lambda database, _: RolloutListing(database).counts_of_open(),
    "figures": lambda database, id_: RolloutInsight(database, SILENCE).of(id_),
}


def read_in_a_row(database: Database, ask: Callable[[], object]) -> set[str]:
    """The tables of which a statement that is asked reads all rows."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert asked
    return {table for statement in asked for table in _scanned(database, *statement)} & TABLES


def _scanned(database: Database, statement: str, parameters: Any) -> Iterator[str]:
    if statement.startswith("SET "):
        return
    with database.engine.connect() as connection:
        cursor = cast("psycopg2.extensions.cursor", connection.connection.cursor())
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        plan = Plan(cursor.fetchone()[0][0]["Plan"])  # type: ignore[index]
        connection.connection.rollback()
    for node in plan.nodes():
        if node["Node Type"] == "Seq Scan":
            yield node["Relation Name"]


def asking(database: Database, ask: Asks, rollout_id: int) -> Callable[[], object]:
    """Ask within a transaction that is undone."""

    def within() -> None:
        with database.writing() as connection:
            ask(connection, rollout_id)
            connection.rollback()

    return within


@pytest.mark.parametrize("name", OF_THE_FEW)
def test_a_small_channel(database: Database, running: dict[str, int], name: str) -> None:
    """Its agents are found by its index, not among all."""
    assert read_in_a_row(database, asking(database, OF_THE_FEW[name], running["canary"])) == set()


@pytest.mark.parametrize("name", OF_PLACES)
def test_places(database: Database, running: dict[str, int], name: str) -> None:
    """Agents are found by their places, and a roll-out's places by its id, however many there are of both."""
    assert read_in_a_row(database, asking(database, OF_PLACES[name], running["stable"])) == set()


@pytest.mark.parametrize("name", LISTS)
def test_lists(database: Database, running: dict[str, int], name: str) -> None:
    """A page is read off an index, with what belongs to its roll-outs."""
    assert read_in_a_row(database, lambda: LISTS[name](database, running["stable"])) == set()
