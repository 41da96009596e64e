"""What people do with roll-outs: approve, pause, resume, advance, finish, roll back, start again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.accounts.roles import Role
from app.database import Database
from app.errors import ChannelNotFound, Conflict, RolloutNotFound
from app.rollouts import rows
from app.rollouts.models import OPEN_STATES, Rollout
from app.rollouts.rows import By, Event, RolloutRow
from app.rollouts.staging import lock
from app.rollouts.starting import Start, hold_channel, set_stable

ROLES = dict.fromkeys(("pause", "resume", "advance", "finish", "rollback"), Role.PUBLISHER) | {"approve": Role.ADMIN}

FROM = {
    "approve": ("pending",),
    "pause": ("running",),
    "resume": ("paused",),
    "advance": ("running", "paused"),
    "finish": ("running", "paused"),
    "rollback": (*OPEN_STATES, "complete"),
}
DONE = {"approve": ("running", "paused"), "pause": ("paused",), "resume": ("running",), "rollback": ("rolled_back",)}

_FORGIVE = text("UPDATE rollout_agents SET forgiven = true WHERE rollout_id = :id AND state = 'bad'")
_HAS_CHANNEL = "SELECT FROM channels WHERE name = %(name)s"
_CHANNEL_ID = text("SELECT id FROM channels WHERE name = :name")
_IS_LAST = text("SELECT NOT EXISTS (SELECT FROM rollouts WHERE channel_id = :channel AND id > :id)")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for; `not_before`: no agent is let go earlier."""

    action: str
    by: By
    reason: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actions:
    """Actions on roll-outs. Every method may raise DatabaseUnavailable."""

    database: Database

    def act(self, rollout_id: int, request: Request) -> None:
        """Do it; what is done already stays as it is. Raises RolloutNotFound, Conflict."""
        with self.database.writing() as connection:
            found = connection.scalar(select(Rollout.channel_id).where(Rollout.id == rollout_id))
            channel = None if found is None else hold_channel(connection, found)
            lock(connection, rollout_id)
            rollout = rows.hold(connection, rollout_id)
            if rollout is None:
                raise RolloutNotFound
            if is_done(rollout, request.action):
                return
            if rollout.state not in FROM[request.action]:
                raise Conflict(f"The roll-out is {rollout.state}: {request.action} is not possible.")
            DOES[request.action](connection, rollout, channel, request)
            if request.not_before is not None:
                rows.delay(connection, rollout_id, request.not_before)

    def insist_on_channel(self, name: str) -> None:
        """Raises ChannelNotFound unless there is such a channel."""
        if "\0" in name or not self.database.rows(_HAS_CHANNEL, {"name": name}):
            raise ChannelNotFound

    def start(self, name: str, by: By, reason: str | None) -> int:
        """Start a roll-out to what the channel's list comes to, even if it was rolled back; returns its id.

        Raises ChannelNotFound; Conflict where nothing differs, or one is not over.
        """
        with self.database.writing() as connection:
            found = connection.scalar(_CHANNEL_ID, {"name": name})
            channel = None if found is None else hold_channel(connection, found)
            if channel is None:
                raise ChannelNotFound
            if channel.rollout is None:
                raise Conflict("The channel has no roll-out policy: its list is followed at once.")
            start = Start(connection, channel, reason)
            if start.active is not None:
                raise Conflict(f"The roll-out {start.active.id} is not over. Finish it or roll it back first.")
            started = start.follow(by, again=True).rollout
            if started is None:
                raise Conflict("Nothing differs: the channel's agents have what its list comes to.")
            return started


def is_done(rollout: RolloutRow, action: str) -> bool:
    """Whether the roll-out is what the action would make of it."""
    if action == "finish":
        return bool(rollout.state == "running" and rollout.stage == len(rollout.stages))
    return rollout.state in DONE.get(action, ())


def _approve(connection: Connection, rollout: RolloutRow, _channel: Any, request: Request) -> None:
    rows.change(connection, rollout.id, state="running", reason=None, started_at=func.now())
    rows.note(connection, rollout, Event("approve", request.by, request.reason))


def _pause(connection: Connection, rollout: RolloutRow, _channel: Any, request: Request) -> None:
    reason = request.reason or f"{request.by.name} has paused it."
    rows.pause(connection, rollout, Event("pause", request.by, reason))


def _resume(connection: Connection, rollout: RolloutRow, _channel: Any, request: Request) -> None:
    _run_again(connection, rollout)
    rows.note(connection, rollout, Event("resume", request.by, request.reason))


def _advance(connection: Connection, rollout: RolloutRow, _channel: Any, request: Request) -> None:
    stage = rows.shown_stage(rollout.stage)
    if stage == len(rollout.stages):
        raise Conflict("The roll-out is in its last stage: there is none to advance to.")
    _open(connection, rollout, stage + 1, request)


def _finish(connection: Connection, rollout: RolloutRow, _channel: Any, request: Request) -> None:
    _open(connection, rollout, len(rollout.stages), request)


def _open(connection: Connection, rollout: RolloutRow, number: int, request: Request) -> None:
    """Go to a stage, whose agents the next look chooses."""
    if rollout.state == "paused":
        _run_again(connection, rollout)
    if number == rollout.stage:
        rows.note(connection, rollout, Event(request.action, request.by, request.reason, number))
        return
    stages = [dict(stage) for stage in rollout.stages]
    moment = connection.scalar(select(func.to_jsonb(func.now())))
    stages[number - 1] |= {"places": None, "opened_at": moment}
    rows.change(connection, rollout.id, stage=number, places=None, stages=stages, good_since=None, reason=None)
    rows.note(connection, rollout, Event(request.action, request.by, request.reason, number))


def _run_again(connection: Connection, rollout: RolloutRow) -> None:
    """Let agents go again: those that are bad by now count no more. The next look gives the lease."""
    connection.execute(_FORGIVE, {"id": rollout.id})
    rows.change(connection, rollout.id, state="running", reason=None, good_since=None, moves_at=rows.DELAYED)


def _roll_back(connection: Connection, rollout: RolloutRow, channel: Any, request: Request) -> None:
    reason = request.reason or f"{request.by.name} has rolled it back."
    if rollout.state == "complete":
        last = connection.scalar(_IS_LAST, {"channel": rollout.channel_id, "id": rollout.id})
        if channel is None or channel.stable_id != rollout.to_id or not last:
            raise Conflict("Only the channel's last roll-out can be rolled back.")
        set_stable(connection, channel.id, rollout.from_id)
    rows.roll_back(connection, rollout, Event("rollback", request.by, reason))


DOES: dict[str, Callable[[Connection, RolloutRow, Any, Request], None]] = {
    "approve": _approve,
    "pause": _pause,
    "resume": _resume,
    "advance": _advance,
    "finish": _finish,
    "rollback": _roll_back,
}
