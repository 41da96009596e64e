"""Channels: the list, one, and what an admin may do to it."""

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.roles import Role
from app.agents.figures import AgentFigures
from app.channels.handlers import by, existing
from app.channels.store import ChannelStore
from app.console.blueprint import action, fragment, page
from app.console.forms import form_fields, query_fields
from app.console.links import public, see
from app.console.live import FIGURES, with_etag
from app.console.rendering import render
from app.console.rows import rows_of
from app.errors import Invalid
from app.http.query import no_parameters
from app.http.services import get

ROWS = 50
AGENTS_FRESH = 10.0
"""Seconds for which counts of agents are shown."""


class ChannelsQuery(Schema):
    """The name that the page follows."""

    after = fields.String()


class ChannelQuery(Schema):
    """Whether the page waits for the figures that script asks for after it."""

    figures = fields.String(validate=validate.OneOf(["now"]))


class ConfirmForm(Schema):
    """The channel's name, typed."""

    confirm = fields.String(load_default="")


@page("/channels", Role.AGENT)
def channels() -> Response:
    """Channels by name, each with its agents."""
    after = query_fields(ChannelsQuery).get("after")
    rows = rows_of(get(ChannelStore).page(ROWS + 1, after))
    behind = rows[ROWS - 1].name if len(rows) > ROWS else None
    curl = f'curl -fsS "{public("/api/v1/channels")}" -H "Authorization: Bearer $TOKEN"'
    return render("channels.html", rows=rows[:ROWS], after=after, behind=behind, agents=_agents(), curl=curl)


@page("/channels/<name>", Role.AGENT, besides="/channels/<new:name>/page")
def channel(name: str) -> Response:
    """One channel: for whom, what, and how its agents stand: that looks at all of them, and comes after the page."""
    found = existing(name)
    waits = "figures" in query_fields(ChannelQuery)
    states = _states(name) if waits else FIGURES.kept(_states_key(name))
    curl = f'curl -fsS "{public(f"/api/v1/channels/{name}")}" -H "Authorization: Bearer $TOKEN"'
    return render("channel.html", channel=found, agents=_agents().get(name, 0), states=states, curl=curl)


@fragment("/channels/<name>/live", Role.AGENT)
def channel_live(name: str) -> Response:
    """How the channel's agents stand, polled."""
    found = existing(name)
    no_parameters()
    agents = _agents().get(name, 0)
    return with_etag(render("_channel_agents.html", channel=found, agents=agents, states=_states(name)))


@action("/channels/<name>/delete", Role.ADMIN)
def delete_channel(name: str) -> Response:
    """Remove the channel if its name was typed."""
    existing(name)
    if form_fields(ConfirmForm)["confirm"] != name:
        raise Invalid({"confirm": [f"Type {name}, the channel's name."]})
    get(ChannelStore).delete(name, lambda _channel: True, by())
    return see("channels")


def _agents() -> dict[str | None, int]:
    return FIGURES.get("channels' agents", get(AgentFigures).by_channel, fresh=AGENTS_FRESH)


def _states_key(name: str) -> tuple[str, str]:
    return "channel's packages", name


def _states(name: str) -> dict[str, dict[str, int]]:
    return FIGURES.get(_states_key(name), lambda: get(AgentFigures).package_states(name), fresh=AGENTS_FRESH)
