"""Report and Answer: an OpAMP message and its answer as plain values."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.offers.offer import Offer

ACCEPTS_PACKAGES = 0x8
REPORTS_STATUSES = 0x10

OFFERED = 1
FULL_STATE = 2
"""The flags of an answer, as they are kept for the case that the same message comes again."""


@dataclass(frozen=True, slots=True)
class ReportedPackage:
    """A package as the agent tells it. `status` is one of app.agents.models.STATUSES; hashes may be empty."""

    version: str
    has_hash: bytes
    status: str
    error: str
    offered_version: str = ""
    offered_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Report:
    """A message. None is what it doesn't speak of; `capabilities` 0 likewise. `statuses` are complete when there.

    `named_hash` is the all_packages_hash that the statuses name.
    """

    instance_uid: UUID
    sequence_num: int
    capabilities: int = 0
    attributes: dict[str, Any] | None = None
    health: dict[str, Any] | None = None
    statuses: dict[str, ReportedPackage] | None = None
    named_hash: bytes = b""
    disconnects: bool = False

    @property
    def is_poll(self) -> bool:
        """Whether it only shows that the agent is there."""
        told = (self.attributes, self.health, self.statuses)
        return self.capabilities != 0 and not self.disconnects and all(part is None for part in told)

    @property
    def is_full(self) -> bool:
        """Whether it tells all that this service wants to know of an agent."""
        silent = self.capabilities != 0 and not self.capabilities & REPORTS_STATUSES
        return self.attributes is not None and (self.statuses is not None or silent)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent is answered: an offer if there is news, and whether it should report its full state."""

    offer: Offer | None = None
    asks_full_state: bool = False

    @property
    def flags(self) -> int:
        """The answer as it is kept."""
        return (OFFERED if self.offer is not None else 0) | (FULL_STATE if self.asks_full_state else 0)


NOTHING_NEW = Answer()
