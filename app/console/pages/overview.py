"""The overview: roll-outs, what needs you, agents, publications; first steps until taken. Each block fails alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response

from app.accounts.roles import Role
from app.accounts.store import AccountStore, TokenRow
from app.agents.adoption import Adoption
from app.agents.figures import AgentFigures
from app.agents.missing import MissingFile, MissingFiles
from app.channels.usage import ChannelUsage
from app.console import session
from app.console.blueprint import fragment, page
from app.console.live import FIGURES, with_etag
from app.console.pages.tokens import SOON
from app.console.rendering import render
from app.console.views.blocks import or_none
from app.console.views.rollouts import RolloutView, rollout_view
from app.http.query import no_parameters
from app.http.services import get
from app.packages.attention import Attention
from app.rollouts.listing import RolloutListing

PUBLICATIONS = 8
CHANNELS = 6
CHANNELS_LOOKED_AT = 200
FAILURES = 5
DAMAGED = 5
MISSING = 5
ENDING = 5
ROLLOUTS = 5
FRESH = 10.0
"""Seconds for which figures are shown."""
RARELY = 60.0
"""Seconds for which those are that change by what people do."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The first steps, each taken or not."""

    published: bool
    has_channel: bool
    has_agent: bool

    @property
    def taken(self) -> bool:
        """Whether all are."""
        return self.published and self.has_channel and self.has_agent


@page("/", Role.AGENT)
def overview() -> Response:
    """The first page."""
    return render("overview.html", **_blocks(), many=ROLLOUTS)


@fragment("/live", Role.AGENT)
def overview_live() -> Response:
    """Its blocks, polled."""
    no_parameters()
    return with_etag(render("_overview.html", **_blocks(), many=ROLLOUTS))


def _blocks() -> dict[str, Any]:
    attention, adoption = get(Attention), get(Adoption)
    fleet = or_none(lambda: FIGURES.get("fleet", adoption.fleet, fresh=FRESH))
    publications = or_none(lambda: FIGURES.get("publications", lambda: attention.publications(PUBLICATIONS)))
    channels = or_none(_channels)
    steps = Steps(bool(publications), bool(channels), bool(fleet and fleet.agents))
    is_publisher = session.may("publisher")
    return {
        "fleet": fleet,
        "publications": publications,
        "channels": channels,
        "steps": steps,
        "rollouts": or_none(_rollouts) if is_publisher else [],
        "failures": or_none(lambda: FIGURES.get("failures", lambda: adoption.failures(FAILURES), fresh=FRESH))
        if is_publisher
        else [],
        "damaged": or_none(lambda: FIGURES.get("damaged", lambda: attention.damaged(DAMAGED), fresh=FRESH)),
        "missing": or_none(_missing) if is_publisher else [],
        "ending": or_none(_ending) if session.may("admin") else [],
    }


def _rollouts() -> list[RolloutView]:
    found = FIGURES.get("roll-outs", lambda: get(RolloutListing).not_over(ROLLOUTS + 1))
    return [rollout_view(record) for record in found]


def _missing() -> list[MissingFile]:
    return FIGURES.get("missing", lambda: get(MissingFiles).first(MISSING), fresh=RARELY)


def _ending() -> Sequence[TokenRow]:
    return get(AccountStore).ending_tokens(timedelta(SOON), ENDING)


def _channels() -> list[tuple[str, int]]:
    """Some channels, those with most agents first, with their number."""
    names = get(ChannelUsage).names("", CHANNELS_LOOKED_AT)
    agents = FIGURES.get("channels' agents", get(AgentFigures).by_channel, fresh=FRESH)
    counted = [(name, agents.get(name, 0)) for name in names]
    return sorted(counted, key=lambda channel: -channel[1])[:CHANNELS]
