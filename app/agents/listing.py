"""Queries for operators: lists of agents, one agent, and counts of agents by package."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.agents.models import Agent, AgentPackage, AgentPoll
from app.agents.search import begins_with
from app.database import Database
from app.errors import AgentNotFound
from app.offers.delivery import known_hashes
from app.packages.store import PackageRow
from app.rollouts.models import OPEN_STATES, Rollout, RolloutAgent

AgentRow = Row[Any]

POLLS_UNTIL_OFFLINE = 3

AT_ONCE = 8
"""Agents of a page that are in memory at once: with all its packages' errors one may have more than a mebibyte."""


@dataclass(frozen=True, slots=True)
class AgentFilters:
    """Which agents; None is no filter.

    `package`, `version`, `package_status` and `error` hold of one and the same package. `q` begins the instance uid,
    or the attribute host.name or service.instance.id, in any case; `error` is a part of a failed package's error.
    """

    channel: str | None = None
    status: str | None = None
    package: str | None = None
    version: str | None = None
    platform: str | None = None
    arch: str | None = None
    q: str | None = None
    package_status: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AgentListing:
    """Reads agents. `polling_interval` in seconds."""

    database: Database
    public_url: str
    polling_interval: int

    def page(
        self, filters: AgentFilters, limit: int, after: UUID | None
    ) -> AbstractContextManager[Iterator[Sequence[AgentRow]]]:
        """At most `limit` agents by instance uid, those after `after`, a few at a time."""
        statement = self._agents().where(*self._conditions(filters, after)).order_by(Agent.instance_uid).limit(limit)
        return self.database.batches(statement, AT_ONCE)

    def count(self, filters: AgentFilters, most: int | None) -> int:
        """How many agents there are, `most` at most: what is more is not looked at. None: all are counted."""
        joined = select(Agent.instance_uid).join(AgentPoll, AgentPoll.instance_uid == Agent.instance_uid)
        agents = joined if filters.status is not None else select(Agent.instance_uid)
        some = agents.where(*self._conditions(filters, None)).limit(most).subquery()
        with self.database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(some)) or 0

    def get(self, instance_uid: UUID) -> AgentRow:
        """The agent. Raises AgentNotFound."""
        statement = self._agents().where(Agent.instance_uid == instance_uid)
        with self.database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise AgentNotFound
        return row

    def installations(self, package: PackageRow) -> dict[str, int]:
        """How many agents have this very file, are getting it, have failed to, or have been offered it."""
        with self.database.reading() as connection:
            hashes = known_hashes(connection, [package], self.public_url)
            installed = connection.scalar(select(func.count()).where(AgentPackage.has_hash.in_(hashes)))
            statement = (
                select(AgentPackage.status, func.count())
                .where(AgentPackage.offered_hash.in_(hashes), AgentPackage.status != "installed")
                .group_by(AgentPackage.status)
            )
            counts = {status: count for status, count in connection.execute(statement)}  # noqa: C416 - rows, not pairs
        return {
            "installed": installed or 0,
            "installing": counts.get("installing", 0) + counts.get("downloading", 0),
            "failed": counts.get("failed", 0),
            "offered": counts.get("pending", 0),
        }

    def having(self, packages: Sequence[PackageRow]) -> set[UUID]:
        """The agents that have one of these files."""
        with self.database.reading() as connection:
            hashes = known_hashes(connection, packages, self.public_url)
            statement = select(AgentPackage.instance_uid).where(AgentPackage.has_hash.in_(hashes)).distinct()
            return set(connection.scalars(statement))

    def _offline(self) -> ColumnElement[bool]:
        silence = func.make_interval(0, 0, 0, 0, 0, 0, POLLS_UNTIL_OFFLINE * self.polling_interval)
        return or_(AgentPoll.disconnected, AgentPoll.last_seen < func.now() - silence)

    def _agents(self) -> Select[Any]:
        status = case((self._offline(), "offline"), else_="online").label("status")
        columns = (Agent.instance_uid, Agent.attributes, Agent.health, Agent.channel)
        polls = (AgentPoll.capabilities, AgentPoll.last_seen, AgentPoll.owner_name, AgentPoll.owner_kind, status)
        return select(*columns, *polls, _packages(), _rollout()).join(
            AgentPoll, AgentPoll.instance_uid == Agent.instance_uid
        )

    def _conditions(self, filters: AgentFilters, after: UUID | None) -> list[ColumnElement[bool]]:
        exact = {Agent.channel: filters.channel, Agent.platform: filters.platform, Agent.arch: filters.arch}
        conditions: list[ColumnElement[bool]] = [
            column == value for column, value in exact.items() if value is not None
        ]
        if filters.status is not None:
            conditions.append(self._offline() if filters.status == "offline" else ~self._offline())
        if filters.q is not None:
            conditions.append(begins_with(filters.q))
        return [*conditions, *_after(after, Agent, AgentPoll), *_has_package(filters, after)]


def _after(after: UUID | None, *tables: Any) -> list[ColumnElement[bool]]:
    """Past the cursor in each table that is joined: a merge join would begin the others at their first rows."""
    return [] if after is None else [table.instance_uid > after for table in tables]


def _has_package(filters: AgentFilters, after: UUID | None) -> list[ColumnElement[bool]]:
    wanted = {
        AgentPackage.name: filters.package,
        AgentPackage.version: filters.version,
        AgentPackage.status: filters.package_status,
    }
    told = [column == value for column, value in wanted.items() if value is not None]
    if filters.error is not None:
        # Said in so many words, for the index of what is not installed.
        told += [AgentPackage.status == "failed", AgentPackage.error.icontains(filters.error, autoescape=True)]
    mine = (AgentPackage.instance_uid == Agent.instance_uid, *_after(after, AgentPackage))
    return [exists().where(and_(*mine, *told))] if told else []


def _rollout() -> Any:
    """The roll-out that is not over in which the agent has a place, and the place's state."""
    shown = func.jsonb_build_object("id", RolloutAgent.rollout_id, "state", RolloutAgent.state)
    of_open = and_(Rollout.id == RolloutAgent.rollout_id, Rollout.state.in_(OPEN_STATES))
    mine = select(shown).join(Rollout, of_open).where(RolloutAgent.instance_uid == Agent.instance_uid)
    return mine.where(RolloutAgent.state != "gone").limit(1).scalar_subquery().label("rollout")


def _packages() -> Any:
    """The agent's packages by name, made by PostgreSQL in one go."""
    listed_columns = ("name", "version", "status", "error", "offered_version", "updated_at")
    pairs = [part for name in listed_columns for part in (name, getattr(AgentPackage, name))]
    members = func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*pairs), AgentPackage.name))
    mine = select(members).where(AgentPackage.instance_uid == Agent.instance_uid)
    return mine.scalar_subquery().label("packages")
