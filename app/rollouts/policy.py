"""Policy of roll-outs: how fast a channel's agents get what is new, and what stops it. Times are in seconds."""

from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from app.config.units import duration_in_seconds
from app.rollouts.windows import DAYS, Window


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: `percent` of the agents or so many `agents`, of those that `match`; the last one has neither."""

    percent: float | None = None
    agents: int | None = None
    match: dict[str, Any] | None = None
    soak: int | None = None
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; `stages` ends with the last one, which is everyone else."""

    stages: tuple[Stage, ...]
    soak: int
    success: float
    max_failures: int
    max_failure_percent: float
    deadline: int
    watch: frozenset[str]
    rolls_back: bool
    approval: bool
    quiet: int
    windows: tuple[Window, ...]
    zone: ZoneInfo
    at_once: int | None

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Policy":
        """The policy that a channel's `rollout` is, in full as app.rollouts.policy_schema has loaded it."""
        return cls(
            stages=(*(_stage(stage) for stage in content["stages"]), Stage()),
            soak=duration_in_seconds(content["soak"]),
            success=content["success"],
            max_failures=content["max_failures"],
            max_failure_percent=content["max_failure_percent"],
            deadline=duration_in_seconds(content["deadline"]),
            watch=frozenset(content["watch"]),
            rolls_back=content["on_failure"] == "rollback",
            approval=content["approval"],
            quiet=duration_in_seconds(content["quiet"]),
            windows=tuple(_window(window) for window in content["windows"]),
            zone=ZoneInfo(content["time_zone"]),
            at_once=content["at_once"],
        )

    def soak_of(self, stage: int) -> int:
        """Seconds that a stage, counted from 1, must stay good."""
        own = self.stages[stage - 1].soak
        return self.soak if own is None else own

    def is_last(self, stage: int) -> bool:
        """Whether this stage, counted from 1, is everyone else."""
        return stage >= len(self.stages)


def _stage(content: dict[str, Any]) -> Stage:
    soak = content.get("soak")
    return Stage(
        content.get("percent"),
        content.get("agents"),
        content.get("match"),
        None if soak is None else duration_in_seconds(soak),
        content.get("hold", False),
    )


def _window(content: dict[str, Any]) -> Window:
    return Window(
        frozenset(content.get("days") or DAYS), time.fromisoformat(content["from"]), time.fromisoformat(content["to"])
    )
