"""A look after the roll-outs: who fares badly, brake and gate, the next stage, whom to let go and wake."""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.database import Database
from app.errors import Unavailable
from app.rollouts import choosing, rows, watching
from app.rollouts.brake import Gate, gate
from app.rollouts.braking import brake, stop, tally
from app.rollouts.choosing import Scope
from app.rollouts.models import OPEN_STATES, Rollout
from app.rollouts.policy import Policy
from app.rollouts.rows import ITSELF, Event, RolloutRow
from app.rollouts.staging import Staging, lock
from app.rollouts.starting import hold_channel, set_stable
from app.rollouts.windows import next_opening, open_until
from app.telemetry import metrics

LEASE = 12
"""Intervals without a look after which no agent is let go."""

COUNT_REST = 200
"""Times as long as counting the agents took, what was counted holds good: it costs half a per cent of the time."""

log = logging.getLogger(__name__)

_NOTE_TOTAL = text(
    "UPDATE rollouts SET counts = jsonb_build_object('total', CAST(:total AS bigint), 'until', CAST(:until AS bigint)) "
    "WHERE id = :id AND ended_at IS NULL"
)
_STATES = text(f"SELECT id FROM rollouts WHERE state IN {OPEN_STATES!r} ORDER BY id")  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look has found: the agents concerned; in the last stage who waits, and who online has not answered."""

    scope: Scope
    waiting: int
    unanswered: int
    total: int
    """Agents that have been offered the new edition, or wait for it."""

    until: int
    """Seconds since 1970: when they are counted again."""


@dataclass(frozen=True, slots=True)
class Look:
    """Looks after roll-outs; `interval` and `silence` (until an agent is offline) in seconds.

    Each step is a transaction of its own. What one leaves out, since rows are locked, the next look finds.
    """

    database: Database
    interval: int
    silence: int

    def after_all(self) -> None:
        """Look after each roll-out that is not over."""
        with self.database.reading() as connection:
            found = connection.scalars(_STATES).all()
        for rollout_id in found:
            self._after(rollout_id)

    def _after(self, rollout_id: int) -> None:
        try:
            rollout = self._watch(rollout_id)
            if rollout is None:
                return
            survey = self._survey(rollout)
            if rollout.state == "running":
                self._fill(rollout_id, survey.scope)
                self._judge(rollout_id, survey)
                self._go_on(rollout_id, survey)
                self._let_go(rollout_id, survey.scope)
            self._wake(rollout_id)
            with self.database.writing() as connection:
                rows.change(connection, rollout_id, looked_at=func.now())
                connection.execute(_NOTE_TOTAL, {"id": rollout_id, "total": survey.total, "until": survey.until})
        except Unavailable:
            raise
        except Exception:  # one roll-out that can't be looked after keeps no other waiting
            log.exception("the look after roll-out %d failed", rollout_id)

    def _survey(self, rollout: RolloutRow) -> Survey:
        """What is read of all agents, with no row held."""
        with self.database.reading() as connection:
            scope = Scope.of(connection, rollout, self.silence)
            counted, policy = tally(connection, rollout.id), Policy.of(rollout.policy)
            is_last, known = policy.is_last(rollout.stage), rollout.counts or {}
            may_end = is_last and gate(policy, counted) is not Gate.OPEN
            started = time.time()
            if started < known.get("until", 0) and not may_end:
                # Of a large fleet counting takes a second.
                total = int(known["total"])
                return Survey(scope, max(0, total - counted.offered), int(is_last), total, known["until"])
            waiting, unanswered = choosing.still_to_come(connection, scope)
            ended = time.time()
            until = int(ended + COUNT_REST * (ended - started))
            return Survey(scope, waiting, unanswered if is_last else 0, waiting + counted.offered, until)

    def _watch(self, rollout_id: int) -> RolloutRow | None:
        """Note who fares badly, in a transaction that holds places only."""
        with self.database.writing() as connection:
            rollout = _read(connection, rollout_id)
            if rollout is None or rollout.state not in OPEN_STATES:
                return None
            watching.note_left(connection, rollout)
            watching.free_places(connection, rollout, self.silence)
            for cause, count in watching.note_bad(connection, rollout, Policy.of(rollout.policy), self.silence):
                metrics.count_rollout_outcome(rollout.channel, cause, count)
        return rollout

    def _judge(self, rollout_id: int, survey: Survey) -> None:
        """Brake, soak and lease, with the roll-out's row held."""
        with self.database.writing() as connection:
            if brake(connection, rollout_id):
                return
            rollout = rows.hold(connection, rollout_id)
            if rollout is None or rollout.state != "running":
                return
            policy = Policy.of(rollout.policy)
            now = connection.scalar(select(func.clock_timestamp())) or rollout.created_at
            if self._has_places(rollout, policy):
                self._note_gate(connection, rollout, policy, now, survey)
            self._renew(connection, rollout, policy, now)

    def _has_places(self, rollout: RolloutRow, policy: Policy) -> bool:
        return rollout.stage > 0 and (rollout.places is not None or policy.is_last(rollout.stage))

    def _note_gate(
        self, connection: Connection, rollout: RolloutRow, policy: Policy, now: datetime, survey: Survey
    ) -> None:
        counted = tally(connection, rollout.id)
        is_empty = counted.offered + counted.waiting == 0 and not policy.is_last(rollout.stage)
        stands = Gate.OPEN if survey.unanswered or is_empty else gate(policy, counted)
        if stands is Gate.SHORT:
            stop(
                connection,
                rollout,
                policy,
                f"Only {counted.good} of {counted.held} agents are good; all have answered.",
            )
        elif stands is Gate.GOOD and rollout.good_since is None:
            _note_good(connection, rollout, now)
        elif stands is Gate.OPEN and rollout.good_since is not None:
            _note_good(connection, rollout, None)

    def _renew(self, connection: Connection, rollout: RolloutRow, policy: Policy, now: datetime) -> None:
        """Let agents be let go until the window ends, or nobody looks any more."""
        if rows.hold(connection, rollout.id).state != "running":  # type: ignore[union-attr]  # it is held
            return
        closes = open_until(policy.windows, policy.zone, now)
        early = rollout.not_before is not None and now < rollout.not_before
        moves = closes is not None and not early
        lapsed = rollout.moves_until is None or rollout.moves_until < now
        until = min(closes, now + timedelta(seconds=LEASE * self.interval)) if moves and closes else None
        opens = rollout.not_before if early else next_opening(policy.windows, policy.zone, now)
        rows.change(connection, rollout.id, moves_until=until, moves_at=None if moves else opens)
        is_open = moves and policy.is_last(rollout.stage) and policy.at_once is None
        if is_open is not rollout.is_open or (is_open and lapsed):
            rows.change(connection, rollout.id, is_open=is_open)

    def _go_on(self, rollout_id: int, survey: Survey) -> None:
        """Open the next stage or complete; fill places; let agents go."""
        with self.database.reading() as connection:
            rollout = _read(connection, rollout_id)
            now = connection.scalar(select(func.clock_timestamp()))
        if rollout is None or rollout.state != "running":
            return
        policy = Policy.of(rollout.policy)
        if not self._is_soaked(rollout, policy, now):
            return
        if policy.is_last(rollout.stage):
            self._complete(rollout, survey)
        else:
            self._advance(rollout, survey)

    def _is_soaked(self, rollout: RolloutRow, policy: Policy, now: Any) -> bool:
        if rollout.stage == 0:
            return True
        if rollout.good_since is None or policy.stages[rollout.stage - 1].hold:
            return False
        return bool(now - rollout.good_since >= timedelta(seconds=policy.soak_of(rollout.stage)))

    def _advance(self, rollout: RolloutRow, survey: Survey) -> None:
        with self.database.writing() as connection:
            now = lock(connection, rollout.id)
            if now is None or now.stage != rollout.stage or not Staging(connection, now, survey.scope).advance(ITSELF):
                connection.rollback()
                return
        self._judge(rollout.id, replace(survey, unanswered=1))
        self._fill(rollout.id, survey.scope)

    def _fill(self, rollout_id: int, scope: Scope) -> None:
        with self.database.writing() as connection:
            now = lock(connection, rollout_id)
            if now is None or now.state != "running" or now.stage == 0:
                return
            Staging(connection, now, scope).fill()

    def _let_go(self, rollout_id: int, scope: Scope) -> None:
        """Let agents go that have places, as many as may be at once."""
        with self.database.writing() as connection:
            now = lock(connection, rollout_id)
            if now is not None and now.state == "running" and now.moves_until is not None:
                choosing.let_go(connection, rollout_id, scope.silence, Policy.of(now.policy).at_once)

    def _complete(self, rollout: RolloutRow, survey: Survey) -> None:
        """Everyone online has answered well for as long as it must: the edition is the stable one."""
        with self.database.writing() as connection:
            if rollout.channel_id is None or hold_channel(connection, rollout.channel_id) is None:
                return
            now = rows.hold(connection, rollout.id)
            if now is None or now.state != "running" or now.good_since is None:
                return
            set_stable(connection, rollout.channel_id, rollout.to_id)
            rows.end(connection, now, "complete", Event("complete"))
            rows.change(connection, now.id, counts={"waiting": survey.waiting})

    def _wake(self, rollout_id: int) -> None:
        while True:
            with self.database.writing() as connection:
                rollout = _read(connection, rollout_id)
                moves = rollout is not None and rollout.state == "running" and rollout.moves_until is not None
                if choosing.wake(connection, rollout_id, moves=moves) < choosing.WAKE_BATCH:
                    return


def _read(connection: Connection, rollout_id: int) -> RolloutRow | None:
    return connection.execute(select(*Rollout.__table__.columns).where(Rollout.id == rollout_id)).one_or_none()


def _note_good(connection: Connection, rollout: RolloutRow, since: datetime | None) -> None:
    stages = [dict(stage) for stage in rollout.stages]
    stages[rollout.stage - 1]["good_since"] = None if since is None else since.isoformat()
    rows.change(connection, rollout.id, good_since=since, stages=stages)
