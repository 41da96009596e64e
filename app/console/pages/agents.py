"""Agents: the list with its filters, and one agent with why it is offered what it is."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.roles import Role
from app.agents.counting import AgentCounts
from app.agents.figures import AgentFigures
from app.agents.listing import AgentListing
from app.agents.models import STATUSES
from app.agents.schemas import AGENT_STATUSES, MAX_Q, UID, agent_filters, agent_json, filter_text, instance_uid
from app.channels.models import CHANNEL_NAME_LENGTH
from app.channels.store import ChannelStore
from app.console.blueprint import page
from app.console.forms import query_fields
from app.console.links import link, public
from app.console.rendering import render
from app.console.rows import rows_of
from app.console.views.agents import prospect_view
from app.http.query import no_parameters
from app.http.services import get
from app.packages.platforms import ARCHES, PLATFORMS

ROWS = 50
CHANNELS = 200
"""Channels that the filter offers."""

ENDPOINT = "/v1/opamp"


def one_of(*values: str) -> fields.String:
    """A filter that a form sends empty if nothing is chosen."""
    return fields.String(validate=validate.OneOf(("", *values)))


class AgentsQuery(Schema):
    """The API's filters, and the uid that the page follows."""

    q = filter_text(MAX_Q)
    channel = filter_text(CHANNEL_NAME_LENGTH)
    status = one_of(*AGENT_STATUSES)
    package = filter_text()
    version = filter_text()
    package_status = one_of(*STATUSES)
    error = filter_text(MAX_Q)
    os_type = filter_text(data_key="os.type")
    host_arch = filter_text(data_key="host.arch")
    after = fields.String(validate=validate.Regexp(UID))


@page("/agents", Role.PUBLISHER)
def agents() -> Response:
    """Agents by uid, those that the filters let through."""
    query = query_fields(AgentsQuery)
    after = query.pop("after", None)
    filters = agent_filters(query)
    rows = rows_of(get(AgentListing).page(filters, ROWS + 1, UUID(after) if after else None))
    return render(
        "agents.html",
        rows=[agent_json(row) for row in rows[:ROWS]],
        behind=str(rows[ROWS - 1].instance_uid) if len(rows) > ROWS else None,
        after=after,
        query=named(query),
        count=get(AgentCounts).count(filters),
        chips=chips(named(query)),
        channels=[row.name for row in rows_of(get(ChannelStore).page(CHANNELS, None))],
        platforms=sorted(PLATFORMS),
        arches=sorted(ARCHES),
        statuses=STATUSES,
        endpoint=public(ENDPOINT),
        curl=curl(named(query)),
    )


@page("/agents/<uid>", Role.PUBLISHER)
def agent(uid: str) -> Response:
    """One agent: what it has, and what it would be offered now."""
    known = instance_uid(uid)
    found = agent_json(get(AgentListing).get(known))
    no_parameters()
    figures = get(AgentFigures)
    shown = prospect_view(figures.prospect(found["attributes"]), found)
    command = f'curl -fsS "{public(f"/api/v1/agents/{known}")}" -H "Authorization: Bearer $TOKEN"'
    return render("agent.html", agent=found, prospect=shown, retries=figures.retries(known), curl=command)


def named(query: Mapping[str, Any]) -> dict[str, str]:
    """The filters by the API's names."""
    keys = {"os_type": "os.type", "host_arch": "host.arch"}
    return {keys.get(name, name): value for name, value in query.items()}


def chips(query: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each filter in words, and the list without it."""
    words = {"q": "begins with", "package_status": "package is", "error": "error has", "status": ""}
    without = {name: {other: query[other] for other in query if other != name} for name in query}
    return [(f"{words.get(name, name)} {query[name]}".strip(), link("agents", **without[name])) for name in query]


def curl(query: Mapping[str, str]) -> str:
    """The list's command."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"curl -fsS '{public('/api/v1/agents')}{asked}' -H \"Authorization: Bearer $TOKEN\""
