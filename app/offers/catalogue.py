"""Cache of offers by channel and platform, invalidated by a version number in PostgreSQL."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.offers.offer import Offer
from app.offers.store import ChannelRule, channel_rules, current_version, resolve
from app.packages.platforms import ANY_ARCH, canonical_arch, canonical_platform
from app.rollouts.content import Content
from app.rollouts.editions import content_of

NO_PLATFORM = ""


class _Snapshot:
    """The channels of one version, and the offers made of them so far: one for each list, platform and arch."""

    def __init__(self, version: int, rules: list[ChannelRule]) -> None:
        self.version = version
        self.rules = rules
        self.offers: dict[tuple[str | int, str, str], Offer] = {}
        self.editions: dict[int, Content | None] = {}


class Catalogue:
    """Offers by attributes, for one process. Right on every replica: whoever asks brings the version from PostgreSQL.

    What is read for a version is read after it, so it is as new at least; whatever changes later has another version.
    """

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url
        self._snapshot = _Snapshot(-1, [])

    def choice_now(self, connection: Connection, attributes: dict[str, Any]) -> "Choice | None":
        """The channel for an agent with these attributes, None where none fits. Two queries at most."""
        return self.choice(connection, current_version(connection), attributes)

    def offer_now(self, connection: Connection, attributes: dict[str, Any]) -> Offer | None:
        """The offer for such an agent, by the stable edition where there are any; None where no channel fits."""
        choice = self.choice_now(connection, attributes)
        return None if choice is None else choice.offer(choice.rule.stable_id)

    def choice(self, connection: Connection, version: int, attributes: dict[str, Any]) -> "Choice | None":
        """The same, by a version that was read in this transaction or request."""
        snapshot = self._snapshot
        if snapshot.version != version:
            snapshot = self._snapshot = _Snapshot(version, channel_rules(connection))
        rule = next((rule for rule in snapshot.rules if rule.fits(attributes)), None)
        return None if rule is None else Choice(connection, snapshot, rule, platform_of(attributes), self.public_url)


@dataclass(frozen=True, slots=True)
class Choice:
    """The channel that fits an agent, and the offers that the agent may be made."""

    connection: Connection
    snapshot: _Snapshot
    rule: ChannelRule
    platform: tuple[str, str]
    public_url: str

    def offer(self, edition_id: int | None) -> Offer | None:
        """The offer by an edition, by the channel's list where it has none; None once the edition is gone.

        A query, and one for the edition, where nobody has asked since the offers' version was raised.
        """
        key = (self.rule.name if edition_id is None else edition_id, *self.platform)
        if key not in self.snapshot.offers:
            edition = None if edition_id is None else self._edition(edition_id)
            if edition_id is not None and edition is None:
                return None
            rule = self.rule if edition is None else self.rule.by(edition)
            self.snapshot.offers[key] = resolve(self.connection, rule, *self.platform, self.public_url)
        return self.snapshot.offers[key]

    def _edition(self, edition_id: int) -> Content | None:
        if edition_id == self.rule.stable_id:
            return self.rule.stable
        if edition_id not in self.snapshot.editions:
            self.snapshot.editions[edition_id] = content_of(self.connection, edition_id)
        return self.snapshot.editions[edition_id]


def platform_of(attributes: dict[str, Any]) -> tuple[str, str]:
    """The canonical platform and arch of an agent. An unknown arch gets files for `any`, an unknown platform none."""
    return (
        canonical_platform(str(attributes.get("os.type", ""))) or NO_PLATFORM,
        canonical_arch(str(attributes.get("host.arch", ""))) or ANY_ARCH,
    )
