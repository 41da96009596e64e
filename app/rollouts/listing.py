"""Reads of roll-outs: pages, one, and the agents in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, select

from app.database import Database
from app.errors import RolloutNotFound
from app.rollouts.models import OPEN_STATES, Rollout, RolloutAgent, RolloutEvent

COUNTED = ("busy", "good", "bad", "returned")
_EVENT = ("at", "by", "by_kind", "action", "stage", "reason")


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """A roll-out with what is read beside its row: counts by state, and its events, oldest first."""

    row: Row[Any]
    counts: dict[str, int]
    events: Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class RolloutListing:
    """Reads roll-outs. Every method may raise DatabaseUnavailable."""

    database: Database

    def page(self, filters: dict[str, str], limit: int, before: int | None) -> Sequence[RolloutRecord]:
        """At most `limit` roll-outs, the newest first, those older than `before`."""
        conditions: list[ColumnElement[bool]] = [getattr(Rollout, name) == value for name, value in filters.items()]
        if before is not None:
            conditions.append(Rollout.id < before)
        return self._read(*conditions, limit=limit)

    def get(self, rollout_id: int) -> RolloutRecord:
        """The roll-out. Raises RolloutNotFound."""
        found = self._read(Rollout.id == rollout_id, limit=1)
        if not found:
            raise RolloutNotFound
        return found[0]

    def agents(self, rollout_id: int, filters: dict[str, Any], limit: int, after: UUID | None) -> Sequence[Row[Any]]:
        """At most `limit` agents that have a place in it, by instance uid. Raises RolloutNotFound."""
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
            if connection.scalar(select(Rollout.id).where(Rollout.id == rollout_id)) is None:
                raise RolloutNotFound
            return connection.execute(statement).all()

    def counts_of_open(self) -> Sequence[tuple[Row[Any], dict[str, int]]]:
        """All that are not over, with their counts."""
        return [(record.row, record.counts) for record in self._read(Rollout.state.in_(OPEN_STATES), limit=1000)]

    def _read(self, *conditions: ColumnElement[bool], limit: int) -> Sequence[RolloutRecord]:
        moves = func.coalesce(Rollout.moves_until > func.now(), False).label("moves")
        age = func.extract("epoch", func.now() - Rollout.looked_at).label("age")
        statement = (
            select(*Rollout.__table__.columns, moves, age).where(*conditions).order_by(Rollout.id.desc()).limit(limit)
        )
        with self.database.reading() as connection:
            rows: Sequence[Any] = connection.execute(statement).all()
            counts = self._counts(connection, rows)
            events = _events(connection, [row.id for row in rows])
        return [RolloutRecord(row, counts[row.id], events.get(row.id, [])) for row in rows]

    def _counts(self, connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, dict[str, int]]:
        statement = (
            select(RolloutAgent.rollout_id, RolloutAgent.state, func.count())
            .where(RolloutAgent.rollout_id.in_([row.id for row in rows]))
            .group_by(RolloutAgent.rollout_id, RolloutAgent.state)
        )
        live: dict[int, dict[str, int]] = {}
        for rollout_id, state, count in connection.execute(statement):
            live.setdefault(rollout_id, {})[state] = count
        return {row.id: _of_one(row, live.get(row.id, {})) for row in rows}


def _of_one(row: Row[Any], live: dict[str, int]) -> dict[str, int]:
    """Who waits is counted by looks, of all agents; who has been offered it since, waits no more."""
    kept = row.counts or {}
    waiting = kept.get("waiting", 0)
    if row.state in OPEN_STATES:
        offered = sum(count for state, count in live.items() if state != "waiting")
        waiting = max(0, kept.get("total", 0) - offered)
    return {"waiting": waiting, **{state: live.get(state, kept.get(state, 0)) for state in COUNTED}}


def _events(connection: Connection, ids: list[int]) -> dict[int, list[Row[Any]]]:
    columns = [getattr(RolloutEvent, name) for name in ("rollout_id", *_EVENT)]
    statement = select(*columns).where(RolloutEvent.rollout_id.in_(ids)).order_by(RolloutEvent.id)
    events: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(statement):
        events.setdefault(row.rollout_id, []).append(row)
    return events
