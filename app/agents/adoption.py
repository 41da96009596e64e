"""Adoption: how many agents have which package, what fails on them, and how many are there."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.agents.listing import POLLS_UNTIL_OFFLINE
from app.database import Database

_BY_VERSION = """
SELECT name, version, count(*) AS agents FROM agent_packages
WHERE name = ANY(%(names)s) AND version <> '' GROUP BY name, version
"""

_BY_TARGET = """
SELECT agents.platform, agents.arch, count(*) AS agents
FROM agents JOIN agent_packages AS had USING (instance_uid)
WHERE (agents.platform, agents.arch) IN %(targets)s AND had.name = %(name)s AND had.version <> ''
GROUP BY agents.platform, agents.arch
"""

_FLEET = """
SELECT count(*) AS agents,
       count(*) FILTER (WHERE NOT disconnected AND last_seen >= now() - make_interval(secs => %(silence)s)) AS online
FROM agent_polls
"""

_FAILURES = """
SELECT name, offered_version AS version, left(error, %(length)s) AS error, count(*) AS agents,
       max(updated_at) AS last_at
FROM agent_packages WHERE status = 'failed' GROUP BY 1, 2, 3 ORDER BY agents DESC, name LIMIT %(limit)s
"""

ERROR_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Fleet:
    """All agents, and how many of them are online."""

    agents: int
    online: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A package that fails on agents with one message, its first ERROR_LENGTH characters."""

    name: str
    version: str | None
    error: str | None
    agents: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Adoption:
    """Counts agents by what they have. `polling_interval` in seconds. Every method may raise DatabaseUnavailable."""

    database: Database
    polling_interval: int

    def by_version(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """How many agents have each version of these packages."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self.database.rows(_BY_VERSION, {"names": list(names)}) if names else ():
            found[row.name][row.version] = row.agents
        return dict(found)

    def by_target(self, name: str, targets: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many agents of these platforms and arches have the package, in any version."""
        rows: Any = self.database.rows(_BY_TARGET, {"name": name, "targets": tuple(targets)}) if targets else ()
        return {(row.platform, row.arch): row.agents for row in rows}

    def fleet(self) -> Fleet:
        """How many agents there are."""
        (row,) = self.database.rows(_FLEET, {"silence": POLLS_UNTIL_OFFLINE * self.polling_interval})
        return Fleet(row.agents, row.online)

    def failures(self, limit: int) -> list[Failure]:
        """What fails on most agents now."""
        rows = self.database.rows(_FAILURES, {"limit": limit, "length": ERROR_LENGTH})
        return [Failure(row.name, row.version, row.error, row.agents, row.last_at) for row in rows]
