"""JSON schemas and query parameters of agents."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from app.agents.listing import AgentFilters, AgentRow
from app.agents.messages import capability_names
from app.agents.models import STATUSES, TEXT_LENGTH
from app.channels.models import CHANNEL_NAME_LENGTH
from app.channels.plan import CHANGES, Plan, PlanGroup
from app.errors import AgentNotFound
from app.http.fields import Moment, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.http.paging import PageQuery
from app.packages.fields import Text
from app.packages.platforms import canonical_arch, canonical_platform
from app.rollouts.models import PLACE_STATES

AGENT_STATUSES = ("online", "offline")
MAX_Q = 200
"""Characters of what is looked for."""

UID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def filter_text(length: int = TEXT_LENGTH, **options: Any) -> Text:
    """A value to compare with."""
    return Text(validate=validate.Length(1, length), **options)


class AgentQuery(PageQuery):
    """The filters of the list."""

    channel = filter_text(CHANNEL_NAME_LENGTH)
    status = fields.String(validate=validate.OneOf(AGENT_STATUSES))
    package = filter_text(metadata={"description": "Agents that have it, or have been offered it."})
    version = filter_text(metadata={"description": "Agents that have this version of it, or of any package."})
    os_type = filter_text(data_key="os.type")
    host_arch = filter_text(data_key="host.arch")
    q = filter_text(
        MAX_Q, metadata={"description": "How the instance uid, host.name or service.instance.id begins, in any case."}
    )
    package_status = fields.String(
        validate=validate.OneOf(STATUSES), metadata={"description": "Agents with a package in this state."}
    )
    error = filter_text(
        MAX_Q, metadata={"description": "Agents with a failed package that has this in its error, in any case."}
    )


class AgentHealthSchema(AnswerSchema):
    """What the agent says of its health."""

    healthy = fields.Boolean()
    status = fields.String()
    last_error = fields.String()
    start_time = Moment(allow_none=True)


class AgentPackageSchema(AnswerSchema):
    """A package that an agent has, or has been offered."""

    name = fields.String()
    version = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(STATUSES))
    error = fields.String(allow_none=True)
    offered_version = fields.String(allow_none=True)
    updated_at = Moment()


class OwnerSchema(AnswerSchema):
    """The user or token that spoke for an agent last."""

    name = fields.String()
    kind = fields.String(validate=validate.OneOf(("user", "token")))


class RolloutPlaceSchema(AnswerSchema):
    """An agent's place in a roll-out that is not over."""

    id = fields.Integer()
    state = fields.String(validate=validate.OneOf(PLACE_STATES))


class AgentSchema(AnswerSchema):
    """An agent."""

    instance_uid = fields.UUID()
    attributes = fields.Dict(keys=fields.String())
    capabilities = fields.List(fields.String())
    healthy = fields.Boolean(allow_none=True)
    health = fields.Nested(AgentHealthSchema, allow_none=True)
    status = fields.String(validate=validate.OneOf(AGENT_STATUSES))
    channel = fields.String(allow_none=True)
    last_seen = Moment()
    owner = fields.Nested(OwnerSchema, allow_none=True, metadata={"description": "Who speaks for it."})
    packages = fields.List(fields.Nested(AgentPackageSchema))
    rollout = fields.Nested(
        RolloutPlaceSchema,
        allow_none=True,
        metadata={"description": "The roll-out that has chosen it, while that goes on."},
    )


class InstallationsSchema(AnswerSchema):
    """Agents whose present state for one file is so."""

    installed = fields.Integer()
    installing = fields.Integer(metadata={"description": "Downloading it or installing it."})
    failed = fields.Integer()
    offered = fields.Integer(metadata={"description": "Have been offered it, and have not told yet."})


class PackageChangeSchema(AnswerSchema):
    """What becomes of a package."""

    name = fields.String()
    from_ = fields.String(data_key="from", allow_none=True, metadata={"description": "The version on the agent."})
    to = fields.String(allow_none=True)
    change = fields.String(validate=validate.OneOf(CHANGES))


class PlanGroupSchema(AnswerSchema):
    """Agents of one platform that have the same packages."""

    platform = fields.String()
    arch = fields.String()
    agents = fields.Integer()
    packages = fields.List(fields.Nested(PackageChangeSchema))


class PlanSchema(AnswerSchema):
    """What would become of agents."""

    agents = fields.Integer(metadata={"description": "Agents that the channel would have."})
    joining = fields.Integer(metadata={"description": "Of these, how many are in another now, or in none."})
    leaving = fields.Integer(metadata={"description": "Agents that are in it now, and would not be."})
    complete = fields.Boolean(
        metadata={"description": "False: the numbers are extrapolated from a sample, or small groups are left out."}
    )
    groups = fields.List(fields.Nested(PlanGroupSchema), metadata={"description": "The largest first."})


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as PlanSchema describes it."""
    return {
        "agents": plan.agents,
        "joining": plan.joining,
        "leaving": plan.leaving,
        "complete": plan.complete,
        "groups": [_group_json(group) for group in plan.groups],
    }


def _group_json(group: PlanGroup) -> dict[str, Any]:
    changes = [
        {"name": package.name, "from": package.before, "to": package.after, "change": package.change}
        for package in group.packages
    ]
    return {"platform": group.platform, "arch": group.arch, "agents": group.agents, "packages": changes}


def agent_json(agent: AgentRow) -> dict[str, Any]:
    """An agent as AgentSchema describes it."""
    return {
        "instance_uid": str(agent.instance_uid),
        "attributes": agent.attributes,
        "capabilities": capability_names(agent.capabilities),
        "healthy": agent.health["healthy"] if agent.health else None,
        "health": agent.health,
        "status": agent.status,
        "channel": agent.channel,
        "last_seen": rfc3339(agent.last_seen),
        "owner": {"name": agent.owner_name, "kind": agent.owner_kind} if agent.owner_name else None,
        "packages": [_package_json(package) for package in agent.packages or ()],
        "rollout": agent.rollout,
    }


def _package_json(package: dict[str, Any]) -> dict[str, Any]:
    return {**package, "updated_at": rfc3339(datetime.fromisoformat(package["updated_at"]))}


def agent_filters(query: dict[str, Any]) -> AgentFilters:
    """The loaded query's filters; platforms and archs in any alias."""
    platform, arch = query.get("os_type"), query.get("host_arch")
    return AgentFilters(
        channel=query.get("channel"),
        status=query.get("status"),
        package=query.get("package"),
        version=query.get("version"),
        platform=platform and (canonical_platform(platform) or platform),
        arch=arch and (canonical_arch(arch) or arch),
        q=query.get("q"),
        package_status=query.get("package_status"),
        error=query.get("error"),
    )


def instance_uid(text: str) -> UUID:
    """The uid that a path names, with dashes or without. Raises AgentNotFound."""
    if not UID.fullmatch(text):
        raise AgentNotFound
    return UUID(text)
