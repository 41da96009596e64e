"""The channel editor: the form, the plan that changes as one types, and saving what was planned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from app.accounts.roles import Role
from app.agents.planning import ChannelPlanner
from app.channels.handlers import by, entity_tag, existing
from app.channels.schemas import ChannelBodySchema, NameSchema, channel_fields
from app.channels.store import ChannelFields, ChannelStore
from app.console.blueprint import action, page
from app.console.channel_form import Draft, MatchRow, PackageRow
from app.console.forms import query_fields
from app.console.links import see
from app.console.new_name import NEW, is_new
from app.console.policy_form import policy_shown, told_policy
from app.console.rendering import render
from app.console.views.plan import PlanView, plan_view
from app.errors import ChannelNotFound, Invalid, PreconditionFailed
from app.http.query import no_parameters
from app.http.services import get
from app.http.validation import load
from app.packages.names import NameFilters, PackageNames
from app.packages.versions import LATEST

ATTRIBUTES = ("deployment.environment", "host.arch", "host.name", "os.type", "service.name", "service.namespace")
"""Attributes that are suggested: what channels usually ask for."""

SUGGESTED = 100
"""Names of packages that are suggested."""

TOO_LATE = "Somebody has saved this channel since you opened it. Nothing of yours was saved."
DELETED = "Somebody has deleted this channel since you opened it. Saving makes it anew."
NO_PLAN = "The plan that you looked at was not of this. The right one stands beside now: look, and save again."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing was saved: `errors` of fields, a sentence, and the channel as somebody else has saved it."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    told: str = ""
    theirs: Draft | None = None


NO_TROUBLE = Trouble()


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands at the side: the plan, or the `reasons` why there is none, or that it `comes_later`.

    A page does not wait for its plan, which looks at all agents: script asks for it as soon as the page is there.
    """

    plan: PlanView | None = None
    reasons: dict[str, list[str]] = field(default_factory=dict)
    comes_later: bool = False


class NewQuery(Schema):
    """What a new channel begins with: a package for all Linux agents."""

    package = fields.String()


@page("/channels/new", Role.PUBLISHER)
def new_channel() -> Response:
    """The editor of a channel that is to be made."""
    package = query_fields(NewQuery).get("package")
    match = (MatchRow("os.type", "linux"),) if package else (MatchRow(),)
    name = "stable" if package else ""
    rollout, policy = policy_shown(None)
    draft = Draft(name, match=match, packages=(PackageRow(package or ""),), rollout=rollout, policy=policy)
    return _editor(draft, 200, NEW, Shown(comes_later=bool(package)))


@page("/channels/<name>/edit", Role.PUBLISHER)
def edit_channel(name: str) -> Response:
    """The editor of a channel."""
    found = existing(name)
    no_parameters()
    return _editor(Draft.of(found, entity_tag(found)), 200, name, Shown(comes_later=True))


@action("/channels/<name>/plan", Role.PUBLISHER)
def plan_channel(name: str) -> Response:
    """The plan of what the form holds: for script the part of the page, without it the whole editor."""
    no_parameters()
    draft = Draft.submitted()
    shown = _planned(draft)
    if "HX-Request" in request.headers:
        return render("_plan.html", draft=draft, path=name, shown=shown, errors=shown.reasons, policy=_policy(draft))
    return _editor(draft, 200, name, shown)


@action("/channels/<name>", Role.PUBLISHER)
def save_channel(name: str) -> Response:
    """Save what was planned, unless somebody else has saved since the editor was opened."""
    no_parameters()
    draft = Draft.submitted()
    if name not in (draft.name, NEW):
        raise Invalid({"name": ["A channel keeps its name. Make another channel, and delete this one."]})
    try:
        content = _loaded(draft)
        plan = _plan(draft, content)
    except Invalid as error:
        return _editor(draft, 422, name, Shown(reasons=dict(error.errors)), Trouble(dict(error.errors)))
    if draft.plan != draft.digest:
        return _editor(draft, 409, name, Shown(plan), Trouble(told=NO_PLAN))
    if plan.asks_name and draft.confirm != draft.name:
        asked = {"confirm": [f"Type {draft.name}: agents lose packages."]}
        return _editor(draft, 422, name, Shown(plan), Trouble(asked))
    return _saved(draft, content, name)


def _saved(draft: Draft, content: ChannelFields, path: str) -> Response:
    def is_unchanged(channel: Any) -> bool:
        return draft.etag == ("" if channel is None else entity_tag(channel))

    try:
        get(ChannelStore).put(draft.name, content, is_unchanged, by())
    except PreconditionFailed:
        return _overtaken(draft, path)
    except Invalid as error:
        return _editor(draft, 422, path, Shown(reasons=dict(error.errors)), Trouble(dict(error.errors)))
    return see("channel", name=draft.name)


def _overtaken(draft: Draft, path: str) -> Response:
    """409 with both texts; saving again puts this one in place of the other."""
    try:
        theirs = existing(draft.name)
    except ChannelNotFound:
        return _editor(draft.renewed(""), 409, NEW, _planned(draft), Trouble(told=DELETED))
    current = Draft.of(theirs, entity_tag(theirs))
    trouble = Trouble(told=TOO_LATE, theirs=current)
    return _editor(draft.renewed(current.etag), 409, path, _planned(draft), trouble)


def _loaded(draft: Draft) -> ChannelFields:
    """The draft as the API would load it. Raises Invalid."""
    load(NameSchema(), {"name": draft.name})
    return channel_fields(load(ChannelBodySchema(), draft.body()))


def _plan(draft: Draft, content: ChannelFields) -> PlanView:
    return plan_view(get(ChannelPlanner).plan(draft.name, content))


def _planned(draft: Draft) -> Shown:
    """The plan, or why there is none."""
    try:
        return Shown(_plan(draft, _loaded(draft)))
    except Invalid as error:
        return Shown(reasons=dict(error.errors))


def _policy(draft: Draft) -> str:
    return told_policy(draft.rollout, draft.policy)


def _editor(draft: Draft, status: int, path: str, shown: Shown, trouble: Trouble = NO_TROUBLE) -> Response:
    return render(
        "channel_editor.html",
        status,
        draft=draft,
        path=path,
        is_new=is_new(path, draft.name, draft.etag),
        shown=shown,
        policy=_policy(draft),
        errors=trouble.errors,
        trouble=trouble,
        latest=LATEST,
        known=_known(),
    )


def _known() -> dict[str, Sequence[str]]:
    """What the fields suggest."""
    names = get(PackageNames).page(NameFilters(), SUGGESTED).names
    return {"attributes": ATTRIBUTES, "packages": [each.name for each in names]}
