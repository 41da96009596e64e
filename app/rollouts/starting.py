"""Starting and ending roll-outs by what a channel's list resolves to now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.rollouts import editions, rows
from app.rollouts.content import Content, changes
from app.rollouts.models import IS_OPEN, Edition, Rollout
from app.rollouts.places import carry_over
from app.rollouts.policy import Policy
from app.rollouts.rows import ITSELF, By, Event, RolloutRow

_CHANNEL = text(
    """
    SELECT id, name, rollout, stable_id, coalesce((
        SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(p) - 'channel_id' - 'position') ORDER BY p.position)
        FROM channel_packages p WHERE p.channel_id = channels.id
    ), '[]') AS packages
    FROM channels WHERE id = :id
    """
)
_HOLD = text("SELECT id FROM channels WHERE id = :id FOR NO KEY UPDATE")
_SET_STABLE = text("UPDATE channels SET stable_id = :edition WHERE id = :id")
_STABLE = text(
    f"""
    SELECT id, stable_id FROM channels WHERE name = :name AND rollout IS NOT NULL AND stable_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM rollouts WHERE rollouts.channel_id = channels.id AND rollouts.{IS_OPEN})
    """  # noqa: S608 - made of constants
)
_UPLOADER = text("SELECT created_by, created_by_kind FROM packages WHERE id = ANY(:ids) ORDER BY id DESC LIMIT 1")


def always(_digest: str) -> bool:
    """Whatever the list comes to, at once."""
    return True


YANKED = "The list comes to the stable edition again; nothing differs any more."


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a channel: the digest that its list comes to if that is to be rolled out, and the roll-out."""

    digest: str | None = None
    rollout: int | None = None


def hold_channel(connection: Connection, channel_id: int) -> Row[Any] | None:
    """The channel with its list, which nobody else changes until the commit; None if it is not there.

    Two statements: one that had to wait for the row would see the list of before.
    """
    if connection.execute(_HOLD, {"id": channel_id}).one_or_none() is None:
        return None
    return connection.execute(_CHANNEL, {"id": channel_id}).one_or_none()


def set_stable(connection: Connection, channel_id: int, edition_id: int | None) -> None:
    """Make the edition the channel's stable one, which raises the offers' version."""
    connection.execute(_SET_STABLE, {"id": channel_id, "edition": edition_id})


class Start:
    """One look at what a held channel's list comes to, within a transaction."""

    def __init__(self, connection: Connection, channel: Row[Any], reason: str | None = None) -> None:
        """The channel has a policy. `reason`: why a roll-out is started, in the words of who does it."""
        self.reason = reason
        self.connection = connection
        self.channel = channel
        self.active = rows.hold_open(connection, channel.id)
        self.listed = editions.resolved(connection, channel.packages)

    def follow(self, by: By | None, settled: Callable[[str], bool] = always, *, again: bool = False) -> Found:
        """Start a roll-out if the list comes to something new, end one that has nothing left to change.

        `by`: who has changed the list just now; None: an upload or a yank. `settled`: whether the list has come to
        that digest for long enough. `again`: also to what was rolled back.
        """
        if self.channel.stable_id is None:
            set_stable(self.connection, self.channel.id, self._freeze())
            return Found()
        editions.lower(self.connection, channel_id=self.channel.id)
        stable = editions.content_of(self.connection, self.channel.stable_id)
        if stable is None or self.listed.digest == stable.digest:
            self._end_active(by or ITSELF)
            return Found()
        if self._is_known(again=again):
            return Found(rollout=self.active.id if self.active else None)
        if not settled(self.listed.digest):
            return Found(self.listed.digest, self.active.id if self.active else None)
        return Found(rollout=self._start(stable, by))

    def _freeze(self) -> int:
        return editions.freeze(self.connection, self.channel.id, self.listed)

    def _end_active(self, by: By) -> None:
        if self.active is not None:
            rows.end(self.connection, self.active, "rolled_back", Event("rollback", by, YANKED))
            rows.withdraw(self.connection, self.active, "yank")

    def _is_known(self, *, again: bool) -> bool:
        """Whether the list comes to what is being rolled out, or to what was rolled back last."""
        if self.active is not None:
            to = editions.content_of(self.connection, self.active.to_id)
            return to is not None and to.digest == self.listed.digest
        return not again and was_rolled_back(self.connection, self.channel.id, self.listed)

    def _start(self, stable: Content, by: By | None) -> int:
        policy, active = Policy.of(self.channel.rollout), self.active
        to_id = self._freeze()
        replaced = [] if active is None else [*active.replaced_ids, active.to_id]
        if active is not None:
            event = Event("replaced", by or ITSELF, "The list comes to something else.")
            rows.end(self.connection, active, "replaced", event)
            if active.is_open:
                rows.change(self.connection, active.id, is_open=False)
        who = by or self._uploader(stable)
        rollout = self._insert(who, to_id, replaced, waits=policy.approval)
        rows.note(self.connection, rollout, Event("started", who, self.reason))
        if active is not None:
            carry_over(self.connection, active, rollout)
        return int(rollout.id)

    def _insert(self, who: By, to_id: int, replaced: list[int], *, waits: bool) -> RolloutRow:
        channel = self.channel
        stable = editions.content_of(self.connection, channel.stable_id) or Content((), ())
        times = {"places": None, "opened_at": None, "good_since": None}
        values = {
            "channel_id": channel.id,
            "channel": channel.name,
            "from_id": channel.stable_id,
            "to_id": to_id,
            "replaced_ids": replaced,
            "changes": changes(stable, self.listed),
            "policy": channel.rollout,
            "state": "pending" if waits else "running",
            "reason": "Waits for an admin's approval." if waits else None,
            "stages": [{**stage, **times} for stage in [*channel.rollout["stages"], {}]],
            "created_by": who.name,
            "started_at": None if waits else func.now(),
        }
        statement = insert(Rollout).values(**values).returning(*Rollout.__table__.columns)
        return self.connection.execute(statement).one()

    def _uploader(self, stable: Content) -> By:
        """Who has uploaded the newest of what is new."""
        known = {file.id for file in stable.files}
        ids = [file.id for file in self.listed.files if file.id not in known]
        row = self.connection.execute(_UPLOADER, {"ids": ids}).one_or_none()
        return ITSELF if row is None else By(row.created_by, row.created_by_kind)


def was_rolled_back(connection: Connection, channel_id: int, listed: Content) -> bool:
    """Whether this is what the channel's last edition brought, and that was rolled back."""
    editions_of_channel = select(Edition.content, Edition.withdrawn).where(Edition.channel_id == channel_id)
    row = connection.execute(editions_of_channel.order_by(Edition.id.desc()).limit(1)).one_or_none()
    if row is None or row.withdrawn != "rollback":
        return False
    return Content.read(row.content).digest == listed.digest


def kept_edition(connection: Connection, name: str, packages: list[dict[str, Any]]) -> Content | None:
    """The channel's stable edition, if a list of these packages would not be rolled out: it was rolled back.

    None where the list is followed: at once, or by a roll-out.
    """
    channel = connection.execute(_STABLE, {"name": name}).one_or_none()
    if channel is None or not was_rolled_back(connection, channel.id, editions.resolved(connection, packages)):
        return None
    return editions.content_of(connection, channel.stable_id)


def follow_list(connection: Connection, channel_id: int, by: By) -> None:
    """After a channel was written, in the same transaction: start a roll-out, or end all that there is."""
    channel = hold_channel(connection, channel_id)
    if channel is None:
        return
    if channel.rollout is not None:
        Start(connection, channel).follow(by)
    elif channel.stable_id is not None:
        cancel(connection, channel_id, by, "The channel has no roll-outs any more; its list is followed at once.")
        set_stable(connection, channel_id, None)


def cancel(connection: Connection, channel_id: int, by: By, reason: str) -> None:
    """End the channel's roll-out, if there is one that is not over."""
    active = rows.hold_open(connection, channel_id)
    if active is not None:
        rows.end(connection, active, "cancelled", Event("cancelled", by, reason))
