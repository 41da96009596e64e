"""A channel's plan as the editor shows it: what happens to how many agents, in sentences."""

from collections import Counter
from dataclasses import dataclass

from app.channels.plan import Change, Plan

VERBS: dict[Change, tuple[str, str, str]] = {
    "install": ("plus", "blue", "install"),
    "upgrade": ("arrow-up", "green", "upgrade"),
    "downgrade": ("arrow-down", "amber", "downgrade"),
    "remove": ("trash-2", "red", "remove"),
    "unresolved": ("circle-x", "amber", "no file"),
    "none": ("check", "", "stay"),
}
"""An icon, a colour and a word for each change, in the order in which they are told."""

MAX_LINES = 30
MAX_PLATFORMS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """So many agents to which the same happens to a package; `platform` where it matters."""

    change: Change
    agents: int
    package: str
    before: str | None
    after: str | None
    platform: str

    @property
    def icon(self) -> str:
        """Lucide's name."""
        return VERBS[self.change][0]

    @property
    def colour(self) -> str:
        """Of the icon."""
        return VERBS[self.change][1]

    @property
    def word(self) -> str:
        """What happens."""
        return VERBS[self.change][2]


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the editor's side shows. `sentence` says on the button what saving does."""

    plan: Plan
    lines: tuple[Line, ...]
    more: int
    platforms: tuple[tuple[str, int], ...]
    removed: tuple[tuple[str, int], ...]
    sentence: str

    @property
    def asks_name(self) -> bool:
        """Whether agents lose packages: then the channel's name is asked for."""
        return self.plan.removes


def plan_view(plan: Plan) -> PlanView:
    """The plan, its groups put together by what happens."""
    lines, removed, platforms = Counter[Line](), Counter[str](), Counter[str]()
    for group in plan.groups:
        target = f"{group.platform or 'unknown'}/{group.arch or 'unknown'}"
        platforms[target] += group.agents
        for package in group.packages:
            where = target if package.change == "unresolved" else ""
            lines[Line(package.change, 0, package.name, package.before, package.after, where)] += group.agents
            if package.change == "remove":
                removed[package.name] += group.agents
    ordered = sorted(lines.items(), key=lambda item: (list(VERBS).index(item[0].change), -item[1], item[0].package))
    told = tuple(
        Line(line.change, agents, line.package, line.before, line.after, line.platform) for line, agents in ordered
    )
    return PlanView(
        plan=plan,
        lines=told[:MAX_LINES],
        more=max(0, len(told) - MAX_LINES),
        platforms=tuple(platforms.most_common(MAX_PLATFORMS)),
        removed=tuple(removed.most_common()),
        sentence=sentence(plan),
    )


def sentence(plan: Plan) -> str:
    """`Save: 41,230 agents upgrade, 12 lose a package`."""
    parts: list[str] = []
    for words, changes in (
        (("upgrades", "upgrade"), ("upgrade",)),
        (("downgrades", "downgrade"), ("downgrade",)),
        (("installs", "install"), ("install",)),
        (("loses a package", "lose a package"), ("remove",)),
    ):
        number = plan.affected(*changes)  # type: ignore[arg-type]  # a tuple of literals
        if number:
            subject = f"{number:,} agent{'s' if number != 1 else ''}" if not parts else f"{number:,}"
            parts.append(f"{subject} {words[number != 1]}")
    if plan.leaving:
        parts.append(f"{plan.leaving:,} leave" if plan.leaving != 1 else "1 leaves")
    return f"Save: {', '.join(parts)}" if parts else "Save: no agent changes"
