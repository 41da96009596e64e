"""Missing builds: versions that channels ask for and that have no file for the platform of agents in them."""

from dataclasses import dataclass

from app.database import Database
from app.packages.platforms import ANY_ARCH
from app.packages.versions import LATEST

ASKED = 200
"""Of packages and platforms, those of most agents, how many are looked at: it bounds the query."""

_MISSING = """
WITH fleets AS (
    SELECT channel, platform, arch, count(*) AS agents FROM agents
    WHERE channel IS NOT NULL AND platform <> '' GROUP BY channel, platform, arch
), asked AS MATERIALIZED (
    SELECT members.name, members.version, fleets.platform, fleets.arch, sum(fleets.agents)::bigint AS agents
    FROM fleets JOIN channels ON channels.name = fleets.channel
    JOIN channel_packages AS members ON members.channel_id = channels.id
    GROUP BY 1, 2, 3, 4 ORDER BY agents DESC LIMIT %(asked)s
), wanted AS MATERIALIZED (
    SELECT name, platform, arch, agents, version = %(latest)s AS follows,
           CASE WHEN version <> %(latest)s THEN version ELSE (
               SELECT packages.version FROM packages
               WHERE packages.name = asked.name AND is_active AND NOT is_prerelease AND NOT blocked
               ORDER BY version_key DESC, id DESC LIMIT 1
           ) END AS version
    FROM asked
)
SELECT name, version, platform, arch, sum(agents)::bigint AS agents FROM wanted
WHERE version IS NOT NULL AND NOT EXISTS (
    SELECT FROM packages
    WHERE packages.name = wanted.name AND packages.version = wanted.version AND packages.platform = wanted.platform
      AND packages.arch IN (wanted.arch, %(any)s) AND NOT blocked
      AND (is_active OR NOT follows)
)
GROUP BY name, version, platform, arch ORDER BY agents DESC, name, version, platform, arch LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A version without a file for this platform and arch, and how many agents it is missing for."""

    name: str
    version: str
    platform: str
    arch: str
    agents: int


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """Reads them."""

    database: Database

    def first(self, limit: int) -> list[MissingFile]:
        """At most `limit`, those of most agents first; one scan of the agents. Raises DatabaseUnavailable."""
        values = {"limit": limit, "asked": ASKED, "latest": LATEST, "any": ANY_ARCH}
        rows = self.database.rows(_MISSING, values)
        return [MissingFile(row.name, row.version, row.platform, row.arch, row.agents) for row in rows]
