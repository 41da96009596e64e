"""Stages: opening the next one, and filling its places. Under the roll-out's advisory lock."""

import logging
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.rollouts import choosing, rows
from app.rollouts.choosing import Scope
from app.rollouts.models import Rollout
from app.rollouts.policy import Policy, Stage
from app.rollouts.rows import ITSELF, By, Event, RolloutRow

NOBODY_ONLINE = "Waits: no agent that the stage may choose is online."

log = logging.getLogger(__name__)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('roll-out ' || CAST(:id AS text), 0))")


def lock(connection: Connection, rollout_id: int) -> RolloutRow | None:
    """The roll-out, whose stages and places nobody else hands out until the commit; agents go on failing meanwhile.

    A lock of the transaction, not of the session: a lost session can't leave two choosers.
    """
    connection.execute(_LOCK, {"id": rollout_id})
    return connection.execute(select(*Rollout.__table__.columns).where(Rollout.id == rollout_id)).one_or_none()


class Staging:
    """The stages of one roll-out, within a transaction that holds its lock."""

    def __init__(self, connection: Connection, rollout: RolloutRow, scope: Scope) -> None:
        self.connection = connection
        self.rollout = rollout
        self.policy = Policy.of(rollout.policy)
        self.scope = scope

    def advance(self, by: By, reason: str | None = None) -> bool:
        """Open the next stage, passing over those that no known agent fits; False if it was stopped meanwhile."""
        number = self.rollout.stage + 1
        while self._is_passed_over(number):
            log.info("roll-out %d of %s: stage %d is passed over", self.rollout.id, self.rollout.channel, number)
            number += 1
        return self.open(number, by, reason)

    def open(self, number: int, by: By, reason: str | None = None) -> bool:
        """Open a stage; False if the roll-out was stopped meanwhile, which the transaction must then undo."""
        places = None if self.policy.is_last(number) else self._first_choice(number)
        stopped = self._note_stage(number, places)
        if stopped:
            return False
        rows.note(self.connection, self.rollout, Event("stage", by, reason, number))
        return True

    def fill(self) -> None:
        """Give the places that came free to others, and places at all where nobody was online before."""
        number, stage = self.rollout.stage, self._stage(self.rollout.stage)
        if self.policy.is_last(number):
            self._fill_last(number, stage)
            return
        if self._is_passed_over(number):
            self.advance(ITSELF)
            return
        if self.rollout.places is None:
            places = self._first_choice(number)
            if places is not None or self.rollout.reason != NOBODY_ONLINE:
                self._note_stage(number, places)
            return
        free = self.rollout.places - choosing.held(self.connection, self.rollout.id)
        if free > 0:
            chosen = choosing.choose(self.connection, self.scope, number, stage, free)
            self._say_whether_it_waits(number, waits=chosen == 0 and self._is_nobody_there(stage))

    def _fill_last(self, number: int, stage: Stage) -> None:
        """In the last stage agents are chosen only where few may be let go at once; else they make their own places."""
        if self.policy.at_once is None:
            return
        free = self.policy.at_once - choosing.unanswered(self.connection, self.rollout.id)[0]
        if free > 0:
            choosing.choose(self.connection, self.scope, number, stage, free)

    def _first_choice(self, number: int) -> int | None:
        """Choose the stage's agents; the number of places that it then has, None if nobody is online to choose."""
        stage, before = self._stage(number), choosing.held(self.connection, self.rollout.id)
        free = None if stage.agents is None or stage.match is not None else max(0, stage.agents - before)
        chosen = choosing.choose(self.connection, self.scope, number, stage, free)
        if chosen == 0 and self._is_nobody_there(stage):
            return None
        return before + chosen

    def _is_nobody_there(self, stage: Stage) -> bool:
        """Whether no agent that the stage may choose is online or has a place."""
        return choosing.known(self.connection, self.scope, stage.match)[1] == 0

    def _say_whether_it_waits(self, number: int, *, waits: bool) -> None:
        """Give the reason while all places are free and nobody is online who could have one."""
        reason = NOBODY_ONLINE if waits else None
        if reason == self.rollout.reason:
            return
        now = rows.hold(self.connection, self.rollout.id)
        if now is not None and now.state == "running" and now.stage == number:
            rows.change(self.connection, now.id, reason=reason)

    def _is_passed_over(self, number: int) -> bool:
        if self.policy.is_last(number):
            return False
        match = self._stage(number).match
        return match is not None and choosing.known(self.connection, self.scope, match)[0] == 0

    def _stage(self, number: int) -> Stage:
        return self.policy.stages[number - 1]

    def _note_stage(self, number: int, places: int | None) -> bool:
        """Note it if the roll-out still runs, whose row is held from here on; returns whether it does not."""
        now = rows.hold(self.connection, self.rollout.id)
        if now is None or now.state != "running" or now.stage != self.rollout.stage:
            return True
        waits = places is None and not self.policy.is_last(number)
        values: dict[str, Any] = {"stage": number, "places": places, "good_since": None}
        stages = [dict(stage) for stage in now.stages]
        opened = stages[number - 1]["opened_at"] or _now(self.connection)
        stages[number - 1] |= {"places": places, "opened_at": opened}
        reason = NOBODY_ONLINE if waits else None
        rows.change(self.connection, now.id, **values, stages=stages, reason=reason)
        return False


def _now(connection: Connection) -> str:
    return str(connection.scalar(select(func.to_jsonb(func.now()).op("#>>")(text("'{}'")))))
