"""Transactions of the OpAMP endpoint.

It commits without waiting for the disk: what a crash of PostgreSQL loses shows as a gap in `sequence_num`, and costs
the agent one report of its full state. A turn that takes a place in a roll-out, or stops one, waits.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.agents.giving import Giving
from app.agents.models import TEXT_LENGTH, Agent, AgentPackage, AgentPoll
from app.agents.offering import ConversationState, Turn
from app.agents.ownership import Owner
from app.agents.package_states import PackageState
from app.agents.report import Report
from app.database import Database
from app.errors import AgentNotFound
from app.offers.catalogue import Catalogue
from app.offers.store import VERSION
from app.packages.platforms import canonical_arch, canonical_platform

UNHURRIED = "set_config('synchronous_commit', 'off', true)"
"""SQL that lets the transaction it stands in commit without waiting for the disk: part of a statement, no extra one."""

_POLL = f"""
UPDATE agent_polls SET sequence_num = %(sequence_num)s, last_seen = now(), answer = 0
WHERE instance_uid = %(instance_uid)s::uuid AND owner_name = %(owner_name)s AND owner_kind = %(owner_kind)s
  AND sequence_num = %(previous)s AND capabilities = %(capabilities)s
  AND NOT disconnected AND (wake_at IS NULL OR wake_at > now()) AND settled_version = {VERSION}
RETURNING {UNHURRIED}
"""  # noqa: S608 - made of constants

_LOAD = f"""
SELECT {UNHURRIED}, now() AS now, {VERSION} AS version,
       sequence_num, capabilities, disconnected, answer, offered_hash, delivered, unanswered, asked, edition_id,
       attributes, health, channel, owner_name, owner_kind,
       last_seen < now() - make_interval(secs => %(silence)s) AS is_silent
FROM agent_polls JOIN agents USING (instance_uid) WHERE instance_uid = %(instance_uid)s::uuid FOR UPDATE OF agent_polls
"""  # noqa: S608 - made of constants

STATE_COLUMNS = tuple(ConversationState.__slots__)
PACKAGE = tuple(PackageState.__slots__)
PACKAGE_TYPES = {
    **dict.fromkeys(("name", "status", "version", "error", "offered_version"), "text"),
    **dict.fromkeys(("has_hash", "offered_hash"), "bytea"),
    "failures": "smallint",
    "retry_at": "timestamptz",
}

_SAVE_PACKAGES = f"""
INSERT INTO agent_packages (instance_uid, {", ".join(PACKAGE)})
SELECT %(instance_uid)s::uuid, * FROM unnest({", ".join(f"%({name})s::{PACKAGE_TYPES[name]}[]" for name in PACKAGE)})
ON CONFLICT (instance_uid, name) DO UPDATE
SET updated_at = now(), {", ".join(f"{name} = excluded.{name}" for name in PACKAGE if name != "name")}
"""  # noqa: S608 - made of constants
"""A column's values are one parameter: with ten parameters a row, 1,000 rows took 0.2 s of Python to write down."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent as it is before a turn; its poll row is held until the transaction ends."""

    state: ConversationState
    packages: Mapping[str, PackageState]
    attributes: dict[str, Any]
    health: dict[str, Any] | None
    channel: str | None
    version: int
    now: datetime
    edition_id: int | None
    owner: Owner | None
    """None for an agent that has not spoken since an older version."""

    is_silent: bool
    """Whether it has been silent for so long that another may take it over."""


class Conversation:
    """One transaction about one agent."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, report: Report, owner: Owner, silence: int
    ) -> None:
        """`owner`: who speaks for the agent; `silence`: seconds after which another may take it over."""
        self._connection = connection
        self._catalogue = catalogue
        self._report = report
        self._owner = owner
        self._silence = silence
        self._uid = report.instance_uid

    def agent(self) -> KnownAgent | None:
        """The agent, made now if it describes itself for the first time; None if that is still missing."""
        agent = self._load()
        if agent is None and self._report.attributes is not None and not self._report.disconnects:
            self._add(self._report.attributes)
            agent = self._load()
        return agent

    def forget(self) -> None:
        """Remove all that is known of the agent."""
        self._connection.execute(delete(Agent).where(Agent.instance_uid == self._uid))

    def giving(self, agent: KnownAgent) -> Giving:
        """What the agent should have now, by what it says of itself in this message or has said before."""
        attributes = agent.attributes if self._report.attributes is None else self._report.attributes
        choice = self._catalogue.choice(self._connection, agent.version, attributes)
        return Giving(self._connection, agent, self._report, choice)

    def save(self, agent: KnownAgent, turn: Turn, giving: Giving) -> None:
        """Keep what the turn has changed."""
        self._save_poll(agent, turn, giving.note(turn))
        self._save_description(agent, giving.channel)
        self._save_packages(agent.packages, turn.packages)

    def _load(self) -> KnownAgent | None:
        values = {"instance_uid": str(self._uid), "silence": self._silence}
        row = self._connection.exec_driver_sql(_LOAD, values).one_or_none()
        if row is None:
            return None
        fields = {name: getattr(row, name) for name in STATE_COLUMNS}
        fields["sequence_num"] = None if row.sequence_num is None else row.sequence_num % 2**64
        fields["offered_hash"] = None if row.offered_hash is None else bytes(row.offered_hash)
        return KnownAgent(
            ConversationState(**fields),
            self._packages(),
            row.attributes,
            row.health,
            row.channel,
            row.version,
            row.now,
            row.edition_id,
            Owner(row.owner_name, row.owner_kind) if row.owner_name is not None else None,
            row.is_silent,
        )

    def _packages(self) -> dict[str, PackageState]:
        columns = [getattr(AgentPackage, name) for name in PACKAGE]
        rows = self._connection.execute(select(*columns).where(AgentPackage.instance_uid == self._uid))
        return {row.name: PackageState(*row) for row in rows}

    def _add(self, attributes: dict[str, Any]) -> None:
        """Two first messages at once: one makes the rows, the other waits and finds them."""
        agent = insert(Agent).values(instance_uid=self._uid, attributes=attributes, **_platform(attributes))
        poll = insert(AgentPoll).values(
            instance_uid=self._uid,
            capabilities=self._report.capabilities,
            owner_name=self._owner.name,
            owner_kind=self._owner.kind,
        )
        for statement in (agent, poll):
            self._connection.execute(statement.on_conflict_do_nothing())

    def _save_poll(self, agent: KnownAgent, turn: Turn, edition_id: int | None) -> None:
        values = {name: getattr(turn.state, name) for name in STATE_COLUMNS}
        values["sequence_num"] = signed(turn.state.sequence_num or 0)
        values |= {"owner_name": self._owner.name, "owner_kind": self._owner.kind, "edition_id": edition_id}
        settled = None if turn.state.is_waiting else agent.version
        self._connection.execute(
            update(AgentPoll)
            .where(AgentPoll.instance_uid == self._uid)
            .values(**values, last_seen=func.now(), settled_version=settled, wake_at=turn.wake_at)
        )

    def _save_description(self, agent: KnownAgent, channel: str | None) -> None:
        attributes, health = self._report.attributes, self._report.health
        changes: dict[str, Any] = {}
        if attributes is not None and attributes != agent.attributes:
            changes |= {"attributes": attributes, **_platform(attributes)}
        if health is not None and health != agent.health:
            changes["health"] = health
        if channel != agent.channel:
            changes["channel"] = channel
        if changes:
            self._connection.execute(update(Agent).where(Agent.instance_uid == self._uid).values(**changes))

    def _save_packages(self, before: Mapping[str, PackageState], after: Mapping[str, PackageState]) -> None:
        gone = [name for name in before if name not in after]
        if gone:
            mine = AgentPackage.instance_uid == self._uid
            self._connection.execute(delete(AgentPackage).where(mine, AgentPackage.name.in_(gone)))
        changed = [package for name, package in after.items() if before.get(name) != package]
        if changed:
            columns = {name: [getattr(package, name) for package in changed] for name in PACKAGE}
            self._connection.exec_driver_sql(_SAVE_PACKAGES, {"instance_uid": str(self._uid), **columns})


class AgentStore:
    """Agents in PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, catalogue: Catalogue, silence: int) -> None:
        """`silence`: seconds without a message after which another may take an agent over."""
        self.database = database
        self.catalogue = catalogue
        self.silence = silence

    def note_poll(self, report: Report, owner: Owner) -> bool:
        """Note that a settled agent is there; False if there may be more to say, and then nothing is noted.

        One statement, which also compares the offers' version: so it is right on every replica.
        """
        values = {
            "instance_uid": str(report.instance_uid),
            "sequence_num": signed(report.sequence_num),
            "previous": signed((report.sequence_num - 1) % 2**64),
            "capabilities": report.capabilities,
            "owner_name": owner.name,
            "owner_kind": owner.kind,
        }
        return self.database.row(_POLL, values) is not None

    @contextlib.contextmanager
    def conversation(self, report: Report, owner: Owner) -> Iterator[Conversation]:
        """One transaction about the agent for which `owner` sends `report`, committed at the end of the block."""
        with self.database.writing() as connection:
            yield Conversation(connection, self.catalogue, report, owner, self.silence)

    def forget(self, instance_uid: UUID) -> None:
        """Remove an agent. Raises AgentNotFound."""
        with self.database.writing() as connection:
            if not connection.execute(delete(Agent).where(Agent.instance_uid == instance_uid)).rowcount:
                raise AgentNotFound

    def remove_silent(self, seconds: int, limit: int = 1000) -> int:
        """Forget agents that have been silent for longer; returns how many, at most `limit`."""
        silent = (
            select(AgentPoll.instance_uid)
            .where(AgentPoll.last_seen < func.now() - timedelta(seconds=seconds))
            .limit(limit)
        )
        with self.database.writing() as connection:
            return connection.execute(delete(Agent).where(Agent.instance_uid.in_(silent))).rowcount


def signed(number: int) -> int:
    """An unsigned 64-bit number as PostgreSQL's bigint has it."""
    return number - 2**64 if number >= 2**63 else number


def _platform(attributes: dict[str, Any]) -> dict[str, str]:
    """The columns that lists filter by: canonical names, or what the agent says where there is none."""
    platform, arch = (str(attributes.get(name) or "")[:TEXT_LENGTH] for name in ("os.type", "host.arch"))
    return {"platform": canonical_platform(platform) or platform, "arch": canonical_arch(arch) or arch}
