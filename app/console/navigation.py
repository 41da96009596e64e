"""The side bar: what leads where, for whom. Pages that are not there yet do not appear."""

from dataclasses import dataclass

from flask import current_app, request

from app.accounts.roles import Role
from app.console.blueprint import ROUTES
from app.console.links import link


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that the side bar leads to; `icon` is Lucide's name. `section`: endpoints that it stands for, too."""

    label: str
    icon: str
    endpoint: str
    below: tuple[str, ...] = ()


SECTIONS = {
    "Fleet": (
        Entry("Overview", "layout-dashboard", "overview"),
        Entry("Roll-outs", "rocket", "rollouts", ("rollout",)),
        Entry("Channels", "git-branch", "channels", ("channel", "new_channel", "edit_channel")),
        Entry("Agents", "server", "agents", ("agent",)),
    ),
    "Artefacts": (
        Entry("Packages", "package", "packages", ("package", "version", "file")),
        Entry("Upload", "upload", "upload"),
        Entry("Policies", "shield-check", "policies", ("policy", "new_policy", "edit_policy")),
    ),
    "Administration": (
        Entry("Tokens", "key-round", "tokens"),
        Entry("Users", "users", "users"),
        Entry("Audit log", "scroll-text", "audit"),
        Entry("Service", "activity", "service"),
    ),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A link of the side bar."""

    label: str
    icon: str
    href: str
    is_current: bool


def navigation(role: Role) -> dict[str, list[Item]]:
    """The sections and links that a caller of this role has."""
    opened = {title: [entry for entry in entries if _opens(entry, role)] for title, entries in SECTIONS.items()}
    return {title: [_item(entry) for entry in entries] for title, entries in opened.items() if entries}


def _opens(entry: Entry, role: Role) -> bool:
    endpoint = f"console.{entry.endpoint}"
    route = ROUTES.get(endpoint)
    return endpoint in current_app.view_functions and route is not None and role >= (route.role or Role.AGENT)


def _item(entry: Entry) -> Item:
    here = (request.endpoint or "").removeprefix("console.")
    return Item(entry.label, entry.icon, link(entry.endpoint), here in (entry.endpoint, *entry.below))
