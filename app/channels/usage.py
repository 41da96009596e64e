"""Channels by name: which there are, and which name a package."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.database import Database
from app.packages.listing import escaped

_NAMING = """
SELECT members.name AS package, channels.name AS channel, members.version
FROM channel_packages AS members JOIN channels ON channels.id = members.channel_id
WHERE members.name = ANY(%(names)s) ORDER BY channels.name
"""


_STAGED = "SELECT name FROM channels WHERE rollout IS NOT NULL ORDER BY name LIMIT %(limit)s"
_NAMES = "SELECT name FROM channels WHERE name ILIKE %(pattern)s ORDER BY name LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class Use:
    """A channel that names a package, in this version or `latest`."""

    channel: str
    version: str


class ChannelUsage:
    """Reads names of channels. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def names(self, q: str, limit: int) -> list[str]:
        """At most `limit` names of channels with `q` in them, in order."""
        rows = self.database.rows(_NAMES, {"pattern": f"%{escaped(q)}%", "limit": limit})
        return [row.name for row in rows]

    def staged(self, limit: int) -> list[str]:
        """At most `limit` names of channels that have a policy of roll-outs, in order."""
        return [row.name for row in self.database.rows(_STAGED, {"limit": limit})]

    def of(self, names: Sequence[str]) -> dict[str, list[Use]]:
        """The channels that name each of these packages, by name."""
        found: dict[str, list[Use]] = defaultdict(list)
        for row in self.database.rows(_NAMING, {"names": list(names)}) if names else ():
            found[row.package].append(Use(row.channel, row.version))
        return dict(found)
