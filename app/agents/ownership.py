"""Ownership of agents: an instance uid belongs to the user or token that spoke for it last.

So no agent can speak for another, and change or empty what it is offered, without that one's token.
"""

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from app.accounts.caller import Caller, Kind
from app.errors import Forbidden

LOG_INTERVAL = 3600.0
"""Seconds between two log lines about the same agent and the same other name."""

MAX_LOGGED = 10_000
"""Pairs of agent and name that are remembered for that."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """The name and kind of who speaks for an agent: they stay while tokens are rotated."""

    name: str
    kind: Kind

    @classmethod
    def of(cls, caller: Caller) -> "Owner":
        """The caller as an owner."""
        return cls(caller.username, caller.kind)

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}'"


class Refusals:
    """Refuses who speaks for another's agent, and logs it once an hour for each agent and name."""

    def __init__(self, silence: int) -> None:
        """`silence`: seconds without a message after which an agent is free to be taken over."""
        self.silence = silence
        self._logged: dict[tuple[UUID, Owner], float] = {}

    def refuse(self, instance_uid: UUID, owner: Owner, other: Owner) -> Forbidden:
        """The error for a message of `other` for the agent of `owner`."""
        now, pair = time.monotonic(), (instance_uid, other)
        if now - self._logged.get(pair, -LOG_INTERVAL) >= LOG_INTERVAL:
            if len(self._logged) >= MAX_LOGGED:
                self._logged.clear()
            self._logged[pair] = now
            log.warning("the %s spoke for the agent %s of the %s and was refused", other, instance_uid, owner)
        return Forbidden(
            f"The agent {instance_uid} belongs to the {owner}, whose messages came less than {self.silence} s ago; "
            f"yours is the {other}. Give each agent an instance_uid of its own. To hand this one over, stop the other "
            f"for {self.silence} s, or let an admin free it: DELETE /api/v1/agents/{instance_uid}."
        )
