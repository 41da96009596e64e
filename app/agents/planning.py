"""Queries behind a channel's plan: which agents it would have, and what they have now."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, text

from app.agents.report import ACCEPTS_PACKAGES
from app.channels.plan import Plan, PlanGroup, Present, Target, planned
from app.channels.store import ChannelFields, refuse_missing
from app.database import Database
from app.offers.catalogue import platform_of
from app.offers.delivery import deliveries
from app.offers.offer import Offer
from app.offers.store import ChannelRule, by_precedence, channel_rules, resolve
from app.rollouts.starting import kept_edition

MOST_AGENTS = 150_000
"""Agents up to which all are looked at; above, a sample of so many."""

MOST_GROUPS = 1000
"""Groups of agents in a plan; the largest are kept."""

_AGENTS = """
    agents AS a {sample}
    WHERE a.attributes @> CAST(:match AS jsonb) AND (
        CASE WHEN a.channel = :name
        THEN NOT EXISTS (SELECT FROM jsonb_array_elements(CAST(:between AS jsonb)) AS m WHERE a.attributes @> m.value)
        ELSE a.channel IS NULL OR a.channel <> ALL (CAST(:above AS text[])) END)
"""
"""Agents that the channel would have. Those of others are compared by their channel's place in the order of channels.

An agent of this channel fits none that stood above it; what stands between its old place and its new one is tried.
"""

_GROUPS = """
    SELECT platform, arch, accepts, present, count(*) AS agents, sum(count(*)) OVER () AS of_agents,
           sum(count(*) FILTER (WHERE joins)) OVER () AS joining, count(*) OVER () AS of_groups
    FROM (
        SELECT taken.platform, taken.arch, taken.joins, polls.capabilities & :accepts <> 0 AS accepts, (
            SELECT jsonb_agg(jsonb_build_array(p.name, p.version, encode(p.has_hash, 'hex')) ORDER BY p.name)
            FROM agent_packages AS p
            WHERE p.instance_uid = taken.instance_uid
              AND (length(p.has_hash) > 0 OR p.version <> '' OR p.status = 'installed')
        ) AS present
        FROM (
            SELECT a.instance_uid, a.platform, a.arch, a.channel IS DISTINCT FROM :name AS joins FROM {agents}
        ) AS taken JOIN agent_polls AS polls USING (instance_uid)
    ) AS each
    GROUP BY platform, arch, accepts, present ORDER BY agents DESC, platform, arch, present LIMIT :most
"""

_LEAVING = """
    SELECT (SELECT count(*) FROM agents {sample} WHERE channel = :name)
         - (SELECT count(*) FROM {agents} AND a.channel = :name)
"""

_KNOWN = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'agents'::regclass"


@dataclass(frozen=True, slots=True)
class ChannelPlanner:
    """Plans channels. Every method may raise DatabaseUnavailable."""

    database: Database
    public_url: str

    def plan(self, name: str, fields: ChannelFields) -> Plan:
        """What would become of agents if the channel were made what `fields` say; nothing is changed.

        Where the channel has roll-outs: once all of them have come to an end, or nothing, where none would be started.
        Raises Invalid if a package exists nowhere. It takes every agent to be in the channel that it was in when it
        spoke last.
        """
        listed = tuple((p["name"], p["version"], p["type"]) for p in fields.packages)
        rule = ChannelRule(name, fields.match, listed, deliveries(fields.packages))
        with self.database.reading() as connection:
            refuse_missing(connection, fields.packages)
            if fields.keeps_rollout or fields.rollout is not None:
                kept = kept_edition(connection, name, list(fields.packages))
                rule = rule if kept is None else rule.by(kept)
            membership = _Membership.of(connection, rule)
            rows = membership.groups(connection)
            leaving = membership.leaving(connection)
            groups = tuple(self._groups(connection, rule, rows, membership))
        agents, joining, of_groups = (rows[0].of_agents, rows[0].joining, rows[0].of_groups) if rows else (0, 0, 0)
        return Plan(
            agents=membership.extrapolated(agents),
            joining=membership.extrapolated(joining),
            leaving=leaving,
            complete=membership.scale == 1 and of_groups == len(rows),
            groups=groups,
        )

    def _groups(
        self, connection: Connection, rule: ChannelRule, rows: Sequence[Any], membership: "_Membership"
    ) -> Iterator[PlanGroup]:
        offers: dict[tuple[str, str], Offer] = {}
        for row in rows:
            target = platform_of({"os.type": row.platform, "host.arch": row.arch})
            if target not in offers:
                offers[target] = resolve(connection, rule, *target, self.public_url)
            changes = _changes(offers[target], _present(row.present or ()), accepts=row.accepts)
            yield PlanGroup(row.platform, row.arch, membership.extrapolated(row.agents), changes)


def _changes(offer: Offer, present: Mapping[str, Present], *, accepts: bool) -> Any:
    """As app.agents.offering decides: never 'remove everything' by accident."""
    is_sent = accepts and bool(offer.packages or offer.removes_all) and not offer.unresolved & present.keys()
    targets = {package.name: Target(package.version, package.hash) for package in offer.packages}
    return planned(present, targets, sorted(offer.unresolved), is_sent=is_sent)


def _present(packages: Sequence[Sequence[Any]]) -> dict[str, Present]:
    return {name: Present(version or None, bytes.fromhex(hash_ or "")) for name, version, hash_ in packages}


@dataclass(frozen=True, slots=True)
class _Membership:
    """Which agents the channel would have; `scale` is how many one that was looked at stands for."""

    values: dict[str, Any]
    sample: str
    scale: float

    @classmethod
    def of(cls, connection: Connection, rule: ChannelRule) -> "_Membership":
        """By all channels as they are now, and this one as it is to be."""
        others = channel_rules(connection)
        old = next((other for other in others if other.name == rule.name), None)
        above = [other for other in others if other.name != rule.name and by_precedence(other) < by_precedence(rule)]
        # Without an old channel no agent is in it.
        between = [other.match for other in above if old is not None and by_precedence(other) > by_precedence(old)]
        matches = {"match": json.dumps(rule.match), "between": json.dumps(between)}
        values = {"name": rule.name, "above": [each.name for each in above], **matches}
        known = connection.exec_driver_sql(_KNOWN).scalar_one()
        share = min(1.0, MOST_AGENTS / max(1, known))
        # The same agents each time: figures that jump while one types are worse than figures that are a little off.
        sample = "" if share == 1 else f"TABLESAMPLE SYSTEM ({100 * share}) REPEATABLE (0)"
        return cls(values, sample, 1 / share)

    def groups(self, connection: Connection) -> Sequence[Any]:
        """The agents by platform, arch and what they have; the largest groups first."""
        found = self._execute(connection, _GROUPS, accepts=ACCEPTS_PACKAGES, most=MOST_GROUPS)
        return cast("Sequence[Any]", found.all())

    def leaving(self, connection: Connection) -> int:
        """How many of the channel's agents it would lose."""
        return self.extrapolated(self._execute(connection, _LEAVING).scalar_one())

    def extrapolated(self, number: int) -> int:
        """What a number of agents that were looked at says of all."""
        return round(int(number) * self.scale)

    def _execute(self, connection: Connection, query: str, **values: Any) -> Any:
        agents = _AGENTS.format(sample=self.sample)
        return connection.execute(text(query.format(agents=agents, sample=self.sample)), {**self.values, **values})
