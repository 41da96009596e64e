"""Transactions on channels."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from app.channels.models import Channel, ChannelPackage
from app.database import Database
from app.errors import ChannelNotFound, Invalid, PackagePinned, PreconditionFailed
from app.packages.models import Package
from app.packages.versions import LATEST
from app.rollouts.editions import pinning_channel
from app.rollouts.models import OPEN_STATES, Rollout
from app.rollouts.rows import By
from app.rollouts.starting import cancel, follow_list

ChannelRow = Row[Any]
"""A channel with `packages`, a list of {"name", "version", "type"}, and what they say of their delivery."""

AT_ONCE = 8
"""Channels of a page that are in memory at once: one may be as long as a body of JSON."""

Precondition = Callable[[ChannelRow | None], bool]
"""Whether a channel may be changed that is so, or is not there."""


@dataclass(frozen=True, slots=True)
class ChannelFields:
    """What a channel is to be; each of `packages` has name, version, type, and what is said of its delivery."""

    description: str
    match: dict[str, Any]
    packages: Sequence[dict[str, str]]
    rollout: dict[str, Any] | None = None
    """Its policy of roll-outs; None: it has none."""

    keeps_rollout: bool = True
    """Whether the policy stays what it is: it was not spoken of."""


def _rollout_id() -> Any:
    is_open = (Rollout.channel_id == Channel.id, Rollout.state.in_(OPEN_STATES))
    return select(Rollout.id).where(*is_open).scalar_subquery().label("rollout_id")


def _packages() -> Any:
    shown = {
        "name": ChannelPackage.name,
        "version": ChannelPackage.version,
        "type": ChannelPackage.type,
        "signature": ChannelPackage.signature,
        "as": ChannelPackage.seen_as,
        "version_as": ChannelPackage.version_as,
    }
    member = func.jsonb_build_object(*(part for pair in shown.items() for part in pair))
    members = func.jsonb_agg(aggregate_order_by(func.jsonb_strip_nulls(member), ChannelPackage.position))
    listed = select(members).where(ChannelPackage.channel_id == Channel.id).scalar_subquery()
    return func.coalesce(listed, literal_column("'[]'::jsonb")).label("packages")


NOT_SAID = dict.fromkeys(("signature", "seen_as", "version_as"))
"""What a package of a channel may leave out."""

COLUMNS = (*Channel.__table__.columns, _packages(), _rollout_id())


class ChannelStore:
    """Channels in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, name: str) -> ChannelRow:
        """The channel. Raises ChannelNotFound."""
        with self.database.reading() as connection:
            return _one(connection, name)

    def page(self, limit: int, after: str | None) -> AbstractContextManager[Iterator[Sequence[ChannelRow]]]:
        """At most `limit` channels by name, those after `after`, a few at a time."""
        statement = select(*COLUMNS).order_by(Channel.name).limit(limit)
        if after is not None:
            statement = statement.where(Channel.name > after)
        return self.database.batches(statement, AT_ONCE)

    def put(self, name: str, fields: ChannelFields, allows: Precondition, by: By) -> tuple[ChannelRow, bool]:
        """Make the channel what `fields` say, in one commit; returns it and whether it is new.

        Where it has roll-outs, the commit starts one if the list comes to something new.
        Raises Invalid if it names a package that exists nowhere, PreconditionFailed if `allows` does not.
        """
        with self.database.writing() as connection:
            found = _held(connection, name)
            if not allows(found):
                raise PreconditionFailed
            channel_id, created = _write(connection, name, fields)
            if found is None and not created and not allows(_one(connection, name)):
                raise PreconditionFailed  # another has created it meanwhile
            connection.execute(delete(ChannelPackage).where(ChannelPackage.channel_id == channel_id))
            if fields.packages:
                refuse_missing(connection, fields.packages, holds=True)
                connection.execute(insert(ChannelPackage), _members(channel_id, fields.packages))
            follow_list(connection, channel_id, by)
            return _one(connection, name), created

    def delete(self, name: str, allows: Precondition, by: By) -> None:
        """Remove the channel, which ends its roll-out.

        Raises ChannelNotFound, PreconditionFailed if `allows` does not.
        """
        with self.database.writing() as connection:
            found = _held(connection, name)
            if found is None:
                raise ChannelNotFound
            if not allows(found):
                raise PreconditionFailed
            cancel(connection, found.id, by, "The channel was removed.")
            connection.execute(delete(Channel).where(Channel.id == found.id))


def refuse_pinned(connection: Connection, name: str, version: str) -> None:
    """Raise PackagePinned if a channel, or an edition in use, pins this version.

    Within the transaction that has deleted the package.
    A channel that is being written holds the rows of the packages that it pins: the delete has waited for it, and
    this statement, which comes after, sees it.
    """
    statement = (
        select(Channel.name)
        .join(ChannelPackage, ChannelPackage.channel_id == Channel.id)
        .where(ChannelPackage.name == name, ChannelPackage.version == version)
        .order_by(Channel.name)
        .limit(1)
    )
    channel = connection.scalar(statement) or pinning_channel(connection, name, version)
    if channel is not None:
        raise PackagePinned(channel)


def _one(connection: Connection, name: str) -> ChannelRow:
    row = connection.execute(select(*COLUMNS).where(Channel.name == name)).one_or_none()
    if row is None:
        raise ChannelNotFound
    return row


def _held(connection: Connection, name: str) -> ChannelRow | None:
    """The channel, which nobody else changes until the commit; None if it is not there.

    Two statements: one that had to wait for the row would see the packages of before.
    """
    if connection.scalar(select(Channel.id).where(Channel.name == name).with_for_update()) is None:
        return None
    return _one(connection, name)


def _write(connection: Connection, name: str, fields: ChannelFields) -> tuple[int, bool]:
    values = {"description": fields.description, "match": fields.match, "rollout": fields.rollout}
    statement = upsert(Channel).values(name=name, **values)
    changes: dict[str, Any] = {
        "description": statement.excluded.description,
        "match": statement.excluded.match,
        "updated_at": func.now(),
    }
    if not fields.keeps_rollout:
        changes["rollout"] = statement.excluded.rollout
    # A row that this statement has inserted has no deleting or locking transaction yet.
    created: ColumnElement[bool] = literal_column("channels.xmax = 0")
    written = statement.on_conflict_do_update(index_elements=[Channel.name], set_=changes)
    row = connection.execute(written.returning(Channel.id, created)).one()
    return row[0], row[1]


def _members(channel_id: int, packages: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    said = [{**NOT_SAID, **package} for package in packages]
    return [{**package, "channel_id": channel_id, "position": place} for place, package in enumerate(said)]


def refuse_missing(connection: Connection, packages: Sequence[dict[str, str]], *, holds: bool = False) -> None:
    """Raise Invalid if a package exists nowhere; `holds`: those that are pinned cannot be deleted until the commit."""
    names = [package["name"] for package in packages]
    known = set(connection.scalars(select(Package.name).where(Package.name.in_(names)).distinct()))
    versions = {package["version"] for package in packages}
    named = select(Package.name, Package.version).where(Package.name.in_(names), Package.version.in_(versions))
    if holds:
        named = named.order_by(Package.id).with_for_update(read=True, key_share=True)
    pinned = {(row.name, row.version) for row in connection.execute(named)}
    errors = {}
    for place, package in enumerate(packages):
        if package["name"] not in known:
            errors[f"packages.{place}.name"] = ["There is no package of this name."]
        elif package["version"] != LATEST and (package["name"], package["version"]) not in pinned:
            errors[f"packages.{place}.version"] = ["This package has no such version."]
    if errors:
        raise Invalid(errors)
