"""The roll-outs' parts put together, for app.wiring."""

from dataclasses import dataclass

from app.config import Config
from app.database import Database
from app.rollouts.actions import Actions
from app.rollouts.duty import Duty
from app.rollouts.gauges import RolloutGauges
from app.rollouts.insight import RolloutInsight
from app.rollouts.listing import RolloutListing
from app.rollouts.look import Look
from app.rollouts.retention import OldPlaces

PLACES_LOCK = 0x706C6163
"""The advisory lock under which old places are removed."""


@dataclass(frozen=True)
class RolloutServices:
    """The parts of roll-outs."""

    listing: RolloutListing
    insight: RolloutInsight
    actions: Actions
    duty: Duty
    gauges: RolloutGauges
    old_places: OldPlaces


@dataclass(frozen=True)
class Times:
    """Seconds: between two looks, of silence until an agent is offline, until places are removed."""

    interval: int
    silence: int
    retention: int

    @classmethod
    def of(cls, config: Config, polls_until_offline: int) -> "Times":
        """The times that the configuration gives."""
        silence = polls_until_offline * config.agents.polling_interval
        return cls(config.rollouts.interval, silence, config.agents.retention)


def build_rollouts(database: Database, times: Times, version: str) -> RolloutServices:
    """The parts of roll-outs; `version` is SQL for the offers' version."""
    listing = RolloutListing(database)
    return RolloutServices(
        listing=listing,
        insight=RolloutInsight(database, times.silence),
        actions=Actions(database),
        duty=Duty(database, Look(database, times.interval, times.silence), times.interval, version),
        gauges=RolloutGauges(listing),
        old_places=OldPlaces(database, times.retention),
    )
