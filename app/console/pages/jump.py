"""Jump: packages, channels and agents whose names begin with what is typed, up to eight of each."""

from flask import Response
from marshmallow import Schema, validate

from app.accounts.roles import Role
from app.agents.listing import AgentFilters, AgentListing, AgentRow
from app.channels.usage import ChannelUsage
from app.console import session
from app.console.blueprint import fragment
from app.console.forms import query_fields
from app.console.live import with_etag
from app.console.rendering import has_page, render
from app.console.rows import rows_of
from app.http.services import get
from app.packages import fields
from app.packages.names import NameFilters, PackageNames
from app.packages.schemas import MAX_Q_LENGTH

MOST = 8


class JumpQuery(Schema):
    """What is typed."""

    q = fields.Text(validate=validate.Length(max=MAX_Q_LENGTH))


@fragment("/jump", Role.AGENT)
def jump() -> Response:
    """What there is of this name."""
    q = query_fields(JumpQuery).get("q", "").strip()
    packages = get(PackageNames).page(NameFilters(q=q), MOST).names if q else ()
    channels, agents = (_channels(q), _agents(q)) if q else ([], [])
    return with_etag(render("_jump.html", q=q, packages=packages, channels=channels, agents=agents))


def _agents(q: str) -> list[AgentRow]:
    """By the beginning of host, uid or instance id; for those who may open their pages."""
    if not session.may(Role.PUBLISHER.label):
        return []
    return rows_of(get(AgentListing).page(AgentFilters(q=q), MOST, None))


def _channels(q: str) -> list[str]:
    if not has_page("channel"):
        return []
    return get(ChannelUsage).names(q, MOST)
