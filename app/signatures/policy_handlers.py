"""Policies over HTTP: whose signatures the packages of some names need."""

import hashlib

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import requires
from app.accounts.roles import Role
from app.errors import Invalid, PolicyNotFound
from app.http.downloads.conditions import allows_change
from app.http.json_body import json_fields
from app.http.openapi.describe import also_answers, answers, asks, conditional, operation, refuses, takes
from app.http.paging import PageQuery, batched_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.http.validation import load
from app.packages.schemas import PackageJson
from app.signatures.policy_manager import PolicyManager
from app.signatures.policy_schemas import (
    PolicyBodySchema,
    PolicyNameSchema,
    PolicyPlanSchema,
    PolicySchema,
    policy_fields,
    policy_json,
)
from app.signatures.policy_store import NONE, FieldsRow, PolicyStore

blueprint = Blueprint("policies", __name__, url_prefix="/api/v1", description="Whose signatures packages need.")


@blueprint.route("/policies")
class Policies(MethodView):
    """All policies."""

    @requires(Role.PUBLISHER)
    @answers(200, PolicySchema(many=True))
    @asks(PageQuery)
    @operation("list_policies")
    def get(self) -> Response:
        """Policies by name, in pages: follow `Link: <…>; rel="next"` while there is one."""
        page = requested_page(parameters(PageQuery), str)
        policies, asked = get(PolicyStore), (page.fetch, str(page.after[0]) if page.after else None)
        counts = policies.counts(policies.page_ids(*asked))
        with policies.page(*asked) as batches:
            # One that was added in between has no counts yet.
            return batched_answer(
                page, batches, lambda row: policy_json(row, counts.get(row.id, NONE)), lambda row: (row.name,)
            )


@blueprint.route("/policies/<name>")
class OnePolicy(MethodView):
    """One policy."""

    @requires(Role.PUBLISHER)
    @answers(200, PolicySchema)
    @refuses(404)
    @operation("get_policy")
    def get(self, name: str) -> Response:
        """The policy. Its ETag is for changes and is that of what it says, whatever the counts are: never 304."""
        policy = existing(name)
        no_parameters()
        return shown(policy)

    @requires(Role.ADMIN)
    @answers(200, PolicySchema)
    @also_answers(201, PolicySchema)
    @takes(PolicyBodySchema)
    @conditional
    @operation("put_policy")
    def put(self, name: str) -> Response:
        """Create the policy (201) or replace all that it says (200).

        Every policy that matches a package's name must be satisfied, each by one signature of one of its signers.
        After the answer nothing is offered that the policies in force do not allow; signatures that there was no time
        to check are `pending`, and checked in the background.
        """
        body = json_fields(PolicyBodySchema())
        load(PolicyNameSchema(), {"name": name})
        policy, created = get(PolicyManager).put(name, policy_fields(body), may_change)
        return shown(policy, 201 if created else 200)

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404)
    @conditional
    @operation("delete_policy")
    def delete(self, name: str) -> Response:
        """Remove the policy: what it alone has blocked is offered again."""
        existing(name)
        no_parameters()
        get(PolicyManager).delete(name, may_change)
        return no_content()


@blueprint.route("/policies/<name>/plan")
class PolicyPlan(MethodView):
    """What a policy would block."""

    @requires(Role.ADMIN)
    @answers(200, PolicyPlanSchema)
    @takes(PolicyBodySchema)
    @operation("plan_policy")
    def post(self, name: str) -> Response:
        """Which packages this policy would block, and how many agents have one. Nothing is stored."""
        body = json_fields(PolicyBodySchema())
        load(PolicyNameSchema(), {"name": name})
        plan = get(PolicyManager).plan(policy_fields(body))
        packages = [get(PackageJson)(package) for package in plan.packages]
        found = {"blocked": plan.blocked, "packages": packages, "agents": plan.agents, "complete": plan.is_complete}
        return json_answer(found)


def shown(policy: FieldsRow, status: int = 200) -> Response:
    """The policy, with its ETag."""
    counts = get(PolicyStore).counts([policy.id])
    return json_answer(policy_json(policy, counts[policy.id]), status, ETag=f'"{entity_tag(policy)}"')


def entity_tag(policy: FieldsRow) -> str:
    """An entity tag of what the policy says: each change of it has another time."""
    return hashlib.sha256(f"{policy.id} {policy.updated_at.isoformat()}".encode()).hexdigest()[:32]


def may_change(policy: FieldsRow | None) -> bool:
    """Whether the request's conditions let the policy be changed; None: it is not there."""
    return allows_change(request.headers, None if policy is None else entity_tag(policy))


def existing(name: str) -> FieldsRow:
    """The policy; what can be no name is no such path. Raises PolicyNotFound."""
    try:
        load(PolicyNameSchema(), {"name": name})
    except Invalid as error:
        raise PolicyNotFound from error
    return get(PolicyStore).get(name)
