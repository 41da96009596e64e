"""Policies: the list with mode and counts, one, and its removal."""

from collections.abc import Sequence
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.roles import Role
from app.console.blueprint import action, fragment, page
from app.console.forms import form_fields, query_fields
from app.console.links import public, see
from app.console.live import FIGURES, with_etag
from app.console.rendering import render
from app.console.rows import rows_of
from app.errors import Invalid
from app.http.query import no_parameters
from app.http.services import get
from app.signatures.policy_handlers import entity_tag, existing
from app.signatures.policy_manager import PolicyManager
from app.signatures.policy_store import PolicyStore

ROWS = 50
COUNTS_FRESH = 10.0
"""Seconds for which counts of packages are shown: they look at all names."""


class PolicyQuery(Schema):
    """Whether the page waits for the counts that script asks for after it."""

    figures = fields.String(validate=validate.OneOf(["now"]))


class AfterQuery(Schema):
    """The name that the page follows."""

    after = fields.String()


class PoliciesQuery(PolicyQuery, AfterQuery):
    """Both."""


class DeleteForm(Schema):
    """The policy's name, typed, and the entity tag of the policy that was looked at."""

    confirm = fields.String(load_default="")
    etag = fields.String(load_default="")


@page("/policies", Role.PUBLISHER)
def policies() -> Response:
    """Policies by name; how many packages each is satisfied by comes after the page."""
    query = query_fields(PoliciesQuery)
    after = query.get("after")
    return render("policies.html", **_listed(after, waits="figures" in query), curl=_curl("/api/v1/policies"))


@fragment("/policy-counts", Role.PUBLISHER)
def policies_live() -> Response:
    """The same with the counts, polled. Not below /policies: there a policy of any name has its paths."""
    return with_etag(render("_policies.html", **_listed(query_fields(AfterQuery).get("after"), waits=True)))


def _listed(after: str | None, *, waits: bool) -> dict[str, Any]:
    rows = rows_of(get(PolicyStore).page(ROWS + 1, after))
    shown = rows[:ROWS]
    behind = shown[-1].name if len(rows) > ROWS else None
    return {"rows": shown, "counts": _counts(shown, waits=waits), "after": after, "behind": behind}


@page("/policies/<name>", Role.PUBLISHER, besides="/policies/<new:name>/page")
def policy(name: str) -> Response:
    """One policy: whose signatures which packages need; how many have them comes after the page."""
    found = existing(name)
    counts = _counts([found], waits="figures" in query_fields(PolicyQuery))
    curl = _curl(f"/api/v1/policies/{name}")
    return render("policy.html", policy=found, counts=counts, etag=entity_tag(found), curl=curl)


@fragment("/policies/<name>/live", Role.PUBLISHER)
def policy_live(name: str) -> Response:
    """How many packages satisfy the policy, polled."""
    found = existing(name)
    no_parameters()
    return with_etag(render("_policy_counts.html", policy=found, counts=_counts([found], waits=True)))


def _counts(found: Sequence[Any], *, waits: bool) -> dict[int, dict[str, int]] | None:
    """Packages that are trusted, untrusted and pending by each policy; None where they are still to be counted."""
    key = ("policies' counts", tuple((each.id, each.updated_at) for each in found))
    if not waits:
        return FIGURES.kept(key) if found else {}
    return FIGURES.get(key, lambda: get(PolicyStore).counts([each.id for each in found]), fresh=COUNTS_FRESH)


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
