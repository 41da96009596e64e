"""Cache of offers by channel and platform, invalidated by a version number in PostgreSQL."""

from typing import Any

from sqlalchemy import Connection

from app.offers.offer import Offer
from app.offers.store import ChannelRule, channel_rules, current_version, resolve
from app.packages.platforms import ANY_ARCH, canonical_arch, canonical_platform

NO_PLATFORM = ""


class _Snapshot:
    """The channels of one version, and the offers made of them so far: one for each channel, platform and arch."""

    def __init__(self, version: int, rules: list[ChannelRule]) -> None:
        self.version = version
        self.rules = rules
        self.offers: dict[tuple[str, str, str], Offer] = {}


class Catalogue:
    """Offers by attributes, for one process. Right on every replica: whoever asks brings the version from PostgreSQL.

    What is read for a version is read after it, so it is as new at least; whatever changes later has another version.
    """

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url
        self._snapshot = _Snapshot(-1, [])

    def offer_now(self, connection: Connection, attributes: dict[str, Any]) -> Offer | None:
        """The offer for an agent with these attributes; None where no channel fits. Three queries at most."""
        return self.offer(connection, current_version(connection), attributes)

    def offer(self, connection: Connection, version: int, attributes: dict[str, Any]) -> Offer | None:
        """The same, by a version that was read in this transaction or request."""
        snapshot = self._snapshot
        if snapshot.version != version:
            snapshot = self._snapshot = _Snapshot(version, channel_rules(connection))
        rule = next((rule for rule in snapshot.rules if rule.fits(attributes)), None)
        return None if rule is None else self._resolved(connection, snapshot, rule, platform_of(attributes))

    def _resolved(
        self, connection: Connection, snapshot: _Snapshot, rule: ChannelRule, platform: tuple[str, str]
    ) -> Offer:
        key = (rule.name, *platform)
        if key not in snapshot.offers:
            snapshot.offers[key] = resolve(connection, rule, *platform, self.public_url)
        return snapshot.offers[key]


def platform_of(attributes: dict[str, Any]) -> tuple[str, str]:
    """The canonical platform and arch of an agent. An unknown arch gets files for `any`, an unknown platform none."""
    return (
        canonical_platform(str(attributes.get("os.type", ""))) or NO_PLATFORM,
        canonical_arch(str(attributes.get("host.arch", ""))) or ANY_ARCH,
    )
