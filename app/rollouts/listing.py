"""Reads of roll-outs: pages, one, and the agents in one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.database import Database
from app.errors import RolloutNotFound
from app.rollouts.models import OPEN_STATES, Rollout, RolloutAgent, RolloutEvent

COUNTED = ("busy", "good", "bad", "returned")

MOST_EVENTS = 200
"""Events of a roll-out that are read, the last ones: as many as fit an answer whatever their reasons are."""

AT_ONCE = 4
"""Roll-outs of a page that are in memory at once: one that changes 1,000 packages has some mebibytes."""


class Happening(NamedTuple):
    """An event of a roll-out."""

    at: datetime
    by: str
    by_kind: str
    action: str
    stage: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """A roll-out with what is read beside its row: counts by state, and its last events, oldest first."""

    row: Row[Any]
    counts: dict[str, int]
    events: Sequence[Happening]


@dataclass(frozen=True, slots=True)
class RolloutListing:
    """Reads roll-outs. Every method may raise DatabaseUnavailable."""

    database: Database

    @contextmanager
    def page(
        self, filters: dict[str, str], limit: int, before: int | None
    ) -> Iterator[Iterator[Sequence[RolloutRecord]]]:
        """At most `limit` roll-outs, the newest first, those older than `before`, a few at a time."""
        conditions: list[ColumnElement[bool]] = [getattr(Rollout, name) == value for name, value in filters.items()]
        if before is not None:
            conditions.append(Rollout.id < before)
        statement = select(*_columns()).where(*conditions).order_by(Rollout.id.desc()).limit(limit)
        with self.database.batches(statement, AT_ONCE) as batches:
            yield ([_record(row) for row in rows] for rows in batches)

    def get(self, rollout_id: int) -> RolloutRecord:
        """The roll-out. Raises RolloutNotFound."""
        with self.database.reading() as connection:
            row = connection.execute(select(*_columns()).where(Rollout.id == rollout_id)).one_or_none()
        if row is None:
            raise RolloutNotFound
        return _record(row)

    def insist_on(self, rollout_id: int) -> None:
        """Raises RolloutNotFound unless there is such a roll-out."""
        with self.database.reading() as connection:
            if connection.scalar(select(Rollout.id).where(Rollout.id == rollout_id)) is None:
                raise RolloutNotFound

    def agents(self, rollout_id: int, filters: dict[str, Any], limit: int, after: UUID | None) -> Sequence[Row[Any]]:
        """At most `limit` agents that have a place in it, by instance uid."""
        statement = (
            select(*RolloutAgent.__table__.columns)
            .where(RolloutAgent.rollout_id == rollout_id, RolloutAgent.state != "gone")
            .where(*(getattr(RolloutAgent, name) == value for name, value in filters.items()))
            .order_by(RolloutAgent.instance_uid)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(RolloutAgent.instance_uid > after)
        with self.database.reading() as connection:
            return connection.execute(statement).all()

    def not_over(self, limit: int) -> Sequence[RolloutRecord]:
        """At most `limit` that are not over, the newest first."""
        statement = select(*_columns()).where(Rollout.state.in_(OPEN_STATES)).order_by(Rollout.id.desc()).limit(limit)
        with self.database.reading() as connection:
            return [_record(row) for row in connection.execute(statement)]

    def counts_of_open(self) -> Sequence[tuple[Row[Any], dict[str, int]]]:
        """Channel, stage, state and `age`, the seconds since a look or else since it was created, of all that are not
        over, with their counts.
        """
        columns = (Rollout.channel, Rollout.stage, Rollout.state, Rollout.counts, _age(), _counted())
        statement = select(*columns).where(Rollout.state.in_(OPEN_STATES)).order_by(Rollout.id.desc()).limit(1000)
        with self.database.reading() as connection:
            return [(row, _counts(row)) for row in connection.execute(statement)]


def _columns() -> tuple[Any, ...]:
    moves = func.coalesce(Rollout.moves_until > func.now(), False).label("moves")
    return (*Rollout.__table__.columns, moves, _age(), _counted(), _happened())


def _age() -> Any:
    return func.extract("epoch", func.now() - func.coalesce(Rollout.looked_at, Rollout.created_at)).label("age")


def _counted() -> Any:
    """Its places by state, an object."""
    mine = select(RolloutAgent.state, func.count().label("agents")).where(RolloutAgent.rollout_id == Rollout.id)
    states = mine.group_by(RolloutAgent.state).correlate(Rollout).lateral()
    counted = select(func.jsonb_object_agg(states.c.state, states.c.agents)).select_from(states)
    return func.coalesce(counted.scalar_subquery(), func.jsonb_build_object()).label("counted")


def _happened() -> Any:
    """Its last events, an array of arrays."""
    columns = [getattr(RolloutEvent, name) for name in ("id", *Happening._fields)]
    mine = select(*columns).where(RolloutEvent.rollout_id == Rollout.id).order_by(RolloutEvent.id.desc())
    last = mine.limit(MOST_EVENTS).correlate(Rollout).lateral()
    values = func.jsonb_build_array(*(last.c[name] for name in Happening._fields))
    happened = select(func.jsonb_agg(aggregate_order_by(values, last.c.id))).select_from(last)
    return func.coalesce(happened.scalar_subquery(), func.jsonb_build_array()).label("happened")


def _record(row: Row[Any]) -> RolloutRecord:
    events = [Happening(datetime.fromisoformat(at), *rest) for at, *rest in row.happened]
    return RolloutRecord(row, _counts(row), events)


def _counts(row: Row[Any]) -> dict[str, int]:
    """Who waits is counted by looks, of all agents; who has been offered it since, waits no more."""
    live: Mapping[str, int] = row.counted
    kept = row.counts or {}
    waiting = kept.get("waiting", 0)
    if row.state in OPEN_STATES:
        offered = sum(count for state, count in live.items() if state != "waiting")
        waiting = max(0, kept.get("total", 0) - offered)
    return {"waiting": waiting, **{state: live.get(state, kept.get(state, 0)) for state in COUNTED}}
