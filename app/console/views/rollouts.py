"""Roll-outs as their pages show them: figures, stages, failures by message, what may be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.console.views.policy import stage_words
from app.rollouts.actions import FROM
from app.rollouts.insight import Insight
from app.rollouts.listing import RolloutRecord
from app.rollouts.models import ENDED_STATES
from app.rollouts.policy import Policy

LABELS = {
    "pending": ("Waits for approval", "amber", "shield-check"),
    "running": ("Running", "blue", "loader-circle"),
    "paused": ("Paused", "amber", "pause"),
    "complete": ("Complete", "green", "check"),
    "rolled_back": ("Rolled back", "", "rotate-ccw"),
    "replaced": ("Replaced by a newer one", "", "refresh-cw"),
    "cancelled": ("Cancelled", "", "x"),
}
BRAKED = ("Stopped by the brake", "red", "triangle-alert")

HAPPENED = {
    "started": ("Started", "rocket", ""),
    "stage": ("Stage {stage} opened", "arrow-right", ""),
    "brake": ("The brake stopped it", "triangle-alert", "red"),
    "pause": ("Paused", "pause", "amber"),
    "resume": ("Resumed", "play", ""),
    "advance": ("Advanced to stage {stage}", "arrow-right", ""),
    "finish": ("Sent to the last stage", "arrow-right", ""),
    "approve": ("Approved", "shield-check", "green"),
    "rollback": ("Rolled back", "rotate-ccw", "amber"),
    "complete": ("Complete", "check", "green"),
    "replaced": ("Replaced by a newer roll-out", "refresh-cw", ""),
    "cancelled": ("Cancelled", "x", ""),
}


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage: `words` say how many it is for; `places` None in the last; `held`, `good`, `bad`: its own agents.

    `earliest`: when it opens if all stays good, for the next one.
    """

    number: int
    words: str
    state: str
    places: int | None
    held: int
    good: int
    bad: int
    opened_at: str | None
    good_since: str | None
    earliest: datetime | None


@dataclass(frozen=True, slots=True)
class FailureView:
    """Bad agents with one cause and error. `where`: platform, arch, agents, whether all that were offered it."""

    cause: str
    error: str
    agents: int
    where: tuple[tuple[str, str, int, bool], ...]


@dataclass(frozen=True, slots=True)
class PlatformView:
    """Agents of a platform that were chosen."""

    name: str
    chosen: int
    good: int
    busy: int
    bad: int


@dataclass(frozen=True, slots=True)
class EventView:
    """What happened, by whom and why."""

    at: datetime
    by: str
    words: str
    icon: str
    colour: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class RolloutView:
    """A roll-out in a list. `title` is what it changes, `whole` how many agents it is for."""

    id: int
    channel: str
    state: str
    label: tuple[str, str, str]
    title: str
    reason: str | None
    stage: int
    stages: int
    counts: Mapping[str, int]
    created_at: datetime
    created_by: str
    is_over: bool

    @property
    def whole(self) -> int:
        """Agents that it is for."""
        return sum(self.counts.values())


def rollout_view(record: RolloutRecord) -> RolloutView:
    """A roll-out of the list."""
    row = record.row
    return RolloutView(
        id=row.id,
        channel=row.channel,
        state=row.state,
        label=_label(record),
        title=_title(row.changes),
        reason=row.reason,
        stage=max(1, row.stage),
        stages=len(row.stages),
        counts=record.counts,
        created_at=row.created_at,
        created_by=row.created_by,
        is_over=row.state in ENDED_STATES,
    )


def _label(record: RolloutRecord) -> tuple[str, str, str]:
    if record.row.state == "paused":
        stops = [event.action for event in record.events if event.action in ("brake", "pause")]
        if stops and stops[-1] == "brake":
            return BRAKED
    return LABELS[record.row.state]


def _title(changes: Sequence[Mapping[str, Any]]) -> str:
    """otelcol 1.0.0 → 1.1.0, of the first change; how many others there are."""
    found = list(dict.fromkeys((each["name"], each["from"], each["to"]) for each in changes))
    if not found:
        return "Nothing that differs"
    name, before, after = found[0]
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{name} {before or 'none'} → {after or 'none'}{others}"


def actions_of(row: Any, *, is_last: bool) -> tuple[str, ...]:
    """What may be done with it now; `is_last`: it is its channel's newest. `again` begins another one like it."""
    if row.state == "rolled_back" and is_last and row.channel_id is not None:
        return ("again",)
    allowed = [name for name, states in FROM.items() if row.state in states]
    if row.stage == len(row.stages):
        allowed = [name for name in allowed if name not in ("advance", "finish")]
    return tuple(name for name in allowed if row.state != "complete" or is_last)


def stage_views(row: Any, insight: Insight) -> list[StageView]:
    """The stages with what has become of their agents."""
    counts: dict[int, dict[str, int]] = {}
    for outcome in insight.outcomes:
        states = counts.setdefault(outcome.stage, {})
        states[outcome.state] = states.get(outcome.state, 0) + outcome.agents
    return [_stage(row, number, stage, counts.get(number, {})) for number, stage in enumerate(row.stages, 1)]


def _stage(row: Any, number: int, stage: Mapping[str, Any], counts: Mapping[str, int]) -> StageView:
    if stage.get("opened_at") is None:
        state = "passed over" if number < row.stage else "waits"
    elif number == row.stage and row.state not in ENDED_STATES:
        state = "open"
    else:
        state = "done" if row.state in ("running", "paused", "complete") else "ended"
    good, bad = counts.get("good", 0), counts.get("bad", 0)
    words = stage_words(stage) if number < len(row.stages) else "everyone else"
    moments = stage.get("opened_at"), stage.get("good_since"), _earliest(row, number)
    return StageView(number, words, state, stage.get("places"), sum(counts.values()), good, bad, *moments)


def _earliest(row: Any, number: int) -> datetime | None:
    """When the next stage opens if this one stays good; None where that is not known, or somebody must open it."""
    policy = Policy.of(row.policy)
    if number != row.stage + 1 or row.state != "running" or row.good_since is None or policy.stages[row.stage - 1].hold:
        return None
    soaked: datetime = row.good_since + timedelta(seconds=policy.soak_of(row.stage))
    return soaked


def failure_views(insight: Insight) -> list[FailureView]:
    """Why agents are bad, by message, the most frequent first."""
    offered: dict[tuple[str, str], int] = {}
    for each in insight.outcomes:
        if each.state != "waiting":
            offered[each.platform, each.arch] = offered.get((each.platform, each.arch), 0) + each.agents
    groups: dict[tuple[str, str], list[tuple[str, str, int, bool]]] = {}
    for row in insight.failures:
        is_all = row.agents > 1 and row.agents == offered.get((row.platform, row.arch))
        group = groups.setdefault((row.cause or "failed", row.error), [])
        group.append((row.platform or "unknown", row.arch, row.agents, is_all))
    found = [FailureView(*key, sum(part[2] for part in parts), tuple(parts)) for key, parts in groups.items()]
    return sorted(found, key=lambda failure: -failure.agents)


def platform_views(insight: Insight) -> list[PlatformView]:
    """The agents that were chosen, by platform."""
    counts: dict[str, dict[str, int]] = {}
    for each in insight.outcomes:
        name = f"{each.platform}/{each.arch}" if each.platform else "unknown"
        states = counts.setdefault(name, {})
        states[each.state] = states.get(each.state, 0) + each.agents
    return [
        PlatformView(name, sum(found.values()), *(found.get(state, 0) for state in ("good", "busy", "bad")))
        for name, found in sorted(counts.items())
    ]


def event_views(record: RolloutRecord) -> list[EventView]:
    """What happened, the newest first."""
    return [_event(event) for event in reversed(record.events)]


def _event(event: Any) -> EventView:
    words, icon, colour = HAPPENED.get(event.action, (event.action.capitalize(), "info", ""))
    by = "the service" if event.by_kind == "service" else event.by
    return EventView(event.at, by, words.format(stage=event.stage), icon, colour, event.reason)
