"""Policies: the list with mode and counts, one, and its removal."""

from flask import Response
from marshmallow import Schema, fields

from app.accounts.roles import Role
from app.console.blueprint import action, page
from app.console.forms import form_fields, query_fields
from app.console.links import public, see
from app.console.rendering import render
from app.console.rows import rows_of
from app.errors import Invalid
from app.http.query import no_parameters
from app.http.services import get
from app.signatures.policy_handlers import entity_tag, existing
from app.signatures.policy_manager import PolicyManager
from app.signatures.policy_store import PolicyStore

ROWS = 50


class PoliciesQuery(Schema):
    """The name that the page follows."""

    after = fields.String()


class DeleteForm(Schema):
    """The policy's name, typed, and the entity tag of the policy that was looked at."""

    confirm = fields.String(load_default="")
    etag = fields.String(load_default="")


@page("/policies", Role.PUBLISHER)
def policies() -> Response:
    """Policies by name, each with how many packages it is satisfied by."""
    after = query_fields(PoliciesQuery).get("after")
    rows = rows_of(get(PolicyStore).page(ROWS + 1, after))
    shown = rows[:ROWS]
    return render(
        "policies.html",
        rows=shown,
        counts=get(PolicyStore).counts([row.id for row in shown]) if shown else {},
        after=after,
        behind=shown[-1].name if len(rows) > ROWS else None,
        curl=_curl("/api/v1/policies"),
    )


@page("/policies/<name>", Role.PUBLISHER, besides="/policies/<new:name>/page")
def policy(name: str) -> Response:
    """One policy: whose signatures which packages need."""
    found = existing(name)
    no_parameters()
    counts = get(PolicyStore).counts([found.id])[found.id]
    curl = _curl(f"/api/v1/policies/{name}")
    return render("policy.html", policy=found, counts=counts, etag=entity_tag(found), curl=curl)


@action("/policies/<name>/delete", Role.ADMIN)
def delete_policy(name: str) -> Response:
    """Remove the policy if its name was typed, and nobody has changed it since it was looked at."""
    existing(name)
    no_parameters()
    form = form_fields(DeleteForm)
    if form["confirm"] != name:
        raise Invalid({"confirm": [f"Type {name}, the policy's name."]})
    get(PolicyManager).delete(name, lambda found: found is not None and entity_tag(found) == form["etag"])
    return see("policies")


def _curl(path: str) -> str:
    return f'curl -fsS "{public(path)}" -H "Authorization: Bearer $TOKEN"'
