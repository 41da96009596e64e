"""Figures of agents for people: how many each channel has, how their packages stand, what is tried again when."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.agents.models import Agent, AgentPackage
from app.database import Database
from app.offers.catalogue import Catalogue
from app.offers.offer import Offer
from app.offers.store import ChannelRule, by_precedence, channel_rules
from app.packages.attributes import portable_value

MOST_RULES = 20
"""Channels that are told of for one agent."""


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A channel, and which of its attributes an agent has."""

    rule: ChannelRule
    held: frozenset[str]

    @property
    def fits(self) -> bool:
        """Whether the agent has all."""
        return len(self.held) == len(self.rule.match)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an agent would be offered now, and the channels in the order in which they are tried."""

    offer: Offer | None
    rules: tuple[RuleMatch, ...]

    @property
    def chosen(self) -> str | None:
        """The channel whose offer it is."""
        return None if self.offer is None else self.offer.channel


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """Reads figures. Every method may raise DatabaseUnavailable."""

    database: Database
    catalogue: Catalogue

    def by_channel(self) -> dict[str | None, int]:
        """How many agents each channel has; None: those that none fits."""
        with self.database.reading() as connection:
            rows = connection.execute(select(Agent.channel, func.count()).group_by(Agent.channel))
            return {channel: number for channel, number in rows}  # noqa: C416 - rows, not pairs

    def package_states(self, channel: str) -> dict[str, dict[str, int]]:
        """Of each package that the channel's agents have or were offered: how many agents are in which state."""
        statement = (
            select(AgentPackage.name, AgentPackage.status, func.count())
            .join(Agent, Agent.instance_uid == AgentPackage.instance_uid)
            .where(Agent.channel == channel)
            .group_by(AgentPackage.name, AgentPackage.status)
        )
        states: dict[str, dict[str, int]] = defaultdict(dict)
        with self.database.reading() as connection:
            for name, status, number in connection.execute(statement):
                states[name][status] = number
        return dict(states)

    def retries(self, instance_uid: UUID) -> dict[str, datetime]:
        """When each package of the agent that failed is offered again."""
        statement = select(AgentPackage.name, AgentPackage.retry_at).where(
            AgentPackage.instance_uid == instance_uid, AgentPackage.retry_at.is_not(None)
        )
        with self.database.reading() as connection:
            return {row.name: row.retry_at for row in connection.execute(statement)}

    def prospect(self, attributes: dict[str, object]) -> Prospect:
        """What an agent with these attributes would be offered now, and why."""
        told = portable_value(attributes)
        with self.database.reading() as connection:
            offer = self.catalogue.offer_now(connection, told)
            rules = channel_rules(connection)
        return Prospect(offer, tuple(_closest([_matched(rule, told) for rule in rules])))


def _matched(rule: ChannelRule, attributes: dict[str, object]) -> RuleMatch:
    return RuleMatch(rule, frozenset(key for key in rule.match if rule.holds(key, attributes)))


def _closest(matches: Sequence[RuleMatch]) -> Sequence[RuleMatch]:
    """Those that fit and those that come closest, in the order of precedence."""
    some = sorted(matches, key=lambda match: (not match.fits, len(match.rule.match) - len(match.held)))[:MOST_RULES]
    return sorted(some, key=lambda match: by_precedence(match.rule))
