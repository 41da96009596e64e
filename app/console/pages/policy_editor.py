"""The policy editor: the form, the plan of what enforcing would block, and saving what was planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response

from app.accounts.roles import Role
from app.console.blueprint import action, page
from app.console.links import see
from app.console.new_name import NEW, is_new
from app.console.rendering import render
from app.console.signing_form import PolicyDraft
from app.errors import Invalid, PolicyNotFound, PreconditionFailed
from app.http.query import no_parameters
from app.http.services import get
from app.http.validation import load
from app.signatures.models import ENFORCE
from app.signatures.policy_handlers import entity_tag, existing
from app.signatures.policy_manager import Plan, PolicyManager
from app.signatures.policy_schemas import PolicyBodySchema, PolicyNameSchema, policy_fields
from app.signatures.policy_store import PolicyFields

Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Story:
    """What is told beside the form: `errors` of fields, a sentence, the policy as somebody else saved it, a plan."""

    errors: Errors = field(default_factory=dict)
    told: str = ""
    theirs: PolicyDraft | None = None
    plan: Plan | None = None


NOTHING = Story()

TOO_LATE = "Somebody has saved this policy since you opened it. Nothing of yours was saved."
DELETED = "Somebody has deleted this policy since you opened it. Saving makes it anew."
NO_PLAN = "The plan that you looked at was not of this. The right one stands here now: look, and save again."


@page("/policies/new", Role.ADMIN)
def new_policy() -> Response:
    """The editor of a policy that is to be made."""
    no_parameters()
    return _editor(PolicyDraft(), 200, NEW)


@page("/policies/<name>/edit", Role.ADMIN)
def edit_policy(name: str) -> Response:
    """The editor of a policy."""
    found = existing(name)
    no_parameters()
    return _editor(PolicyDraft.of(found, entity_tag(found)), 200, name)


@action("/policies/<name>/plan", Role.ADMIN)
def plan_policy(name: str) -> Response:
    """The editor with the plan of what it holds; or with a signer more or less."""
    no_parameters()
    draft = PolicyDraft.submitted()
    if draft.do.startswith(("add ", "drop ")):
        return _editor(draft, 200, name)
    return _planned(draft, 200, name)


@action("/policies/<name>", Role.ADMIN)
def save_policy(name: str) -> Response:
    """Save what was planned, unless somebody else has saved since the editor was opened."""
    no_parameters()
    draft = PolicyDraft.submitted()
    if name not in (draft.name, NEW):
        raise Invalid({"name": ["A policy keeps its name. Make another policy, and delete this one."]})
    try:
        content = _loaded(draft)
    except Invalid as error:
        return _editor(draft, 422, name, Story(error.errors))
    if draft.plan != draft.digest:
        return _planned(draft, 409, name, Story(told=NO_PLAN))
    return _saved(draft, content, name)


def _saved(draft: PolicyDraft, content: PolicyFields, path: str) -> Response:
    def is_unchanged(policy: Any) -> bool:
        return draft.etag == ("" if policy is None else entity_tag(policy))

    try:
        get(PolicyManager).put(draft.name, content, is_unchanged)
    except PreconditionFailed:
        return _overtaken(draft, path)
    return see("policy", name=draft.name)


def _overtaken(draft: PolicyDraft, path: str) -> Response:
    """409; the draft is kept, and saving it again puts it in place of the other."""
    try:
        theirs = existing(draft.name)
    except PolicyNotFound:
        return _planned(draft.renewed(""), 409, NEW, Story(told=DELETED))
    etag = entity_tag(theirs)
    return _planned(draft.renewed(etag), 409, path, Story(told=TOO_LATE, theirs=PolicyDraft.of(theirs, etag)))


def _loaded(draft: PolicyDraft) -> PolicyFields:
    """The draft as the API would load it. Raises Invalid."""
    load(PolicyNameSchema(), {"name": draft.name})
    return policy_fields(load(PolicyBodySchema(), draft.body()))


def _planned(draft: PolicyDraft, status: int, path: str, story: Story = NOTHING) -> Response:
    """The editor with what the draft would block if it were enforced, whatever its mode is."""
    try:
        content = _loaded(draft)
    except Invalid as error:
        return _editor(draft, 422, path, Story(error.errors))
    plan = get(PolicyManager).plan(replace(content, mode=ENFORCE))
    return _editor(draft, status, path, replace(story, plan=plan))


def _editor(draft: PolicyDraft, status: int, path: str, story: Story = NOTHING) -> Response:
    errors = _by_field(story.errors)
    return render(
        "policy_editor.html",
        status,
        draft=draft,
        path=path,
        is_new=is_new(path, draft.name, draft.etag),
        story=story,
        plan=story.plan,
        errors=errors,
    )


def _by_field(errors: Errors) -> dict[str, list[str]]:
    """Errors by the form's fields: those of one glob or claim are told at the field that has them all."""
    found: dict[str, list[str]] = {}
    for place, messages in errors.items():
        parts = place.split(".")
        depth = 1 if parts[0] == "packages" else 3
        rest = ".".join(parts[depth:])
        told = [f"{rest}: {message}" if rest else message for message in messages]
        found.setdefault(".".join(parts[:depth]), []).extend(told)
    return found
