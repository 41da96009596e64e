"""One agent as its page shows it: why this channel, and what it would be told to do now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.agents.figures import Prospect, RuleMatch


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute that a channel asks for; `told` is the agent's value, None where it tells none."""

    name: str
    wanted: Any
    told: Any
    holds: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A channel, and how far it fits."""

    channel: str
    keys: tuple[Key, ...]
    is_chosen: bool
    fits: bool

    @property
    def held(self) -> int:
        """How many of its attributes the agent has."""
        return sum(key.holds for key in self.keys)


@dataclass(frozen=True, slots=True)
class ProspectView:
    """`packages`: name and version of each that would be offered; `unresolved`: those without a file for it."""

    channel: str | None
    reasons: tuple[Reason, ...]
    packages: tuple[tuple[str, str, bool], ...]
    unresolved: tuple[str, ...]
    accepts: bool
    is_held: bool


def prospect_view(prospect: Prospect, agent: Mapping[str, Any]) -> ProspectView:
    """The prospect of an agent, which is as its JSON has it."""
    offer = prospect.offer
    present = {package["name"]: package["version"] for package in agent["packages"]}
    offered = () if offer is None else offer.packages
    unresolved = () if offer is None else tuple(sorted(offer.unresolved))
    return ProspectView(
        channel=prospect.chosen,
        reasons=tuple(_reason(match, prospect.chosen, agent["attributes"]) for match in prospect.rules),
        packages=tuple((each.name, each.version, present.get(each.name) == each.version) for each in offered),
        unresolved=unresolved,
        accepts="AcceptsPackages" in agent["capabilities"],
        is_held=any(present.get(name) for name in unresolved),
    )


def _reason(match: RuleMatch, chosen: str | None, attributes: Mapping[str, Any]) -> Reason:
    keys = tuple(
        Key(name, wanted, attributes.get(name), name in match.held) for name, wanted in match.rule.match.items()
    )
    return Reason(match.rule.name, keys, match.rule.name == chosen, match.fits)
