"""The policy of roll-outs: defaults, limits, durations, unknown fields."""

from typing import Any

import pytest

from app.errors import Invalid
from app.http.validation import load
from app.rollouts.policy import Policy, Stage
from app.rollouts.policy_schema import RolloutPolicySchema


def loaded(**fields: Any) -> dict[str, Any]:
    """What a channel keeps of a `rollout`."""
    return load(RolloutPolicySchema(), fields)


def test_nothing_said_is_a_safe_rollout() -> None:
    """The defaults, in full."""
    assert loaded() == {
        "stages": [{"percent": 1}, {"percent": 10}, {"percent": 50}],
        "soak": "15m",
        "success": 90,
        "max_failures": 2,
        "max_failure_percent": 5,
        "deadline": "1h",
        "watch": ["unhealthy", "silent"],
        "on_failure": "pause",
        "approval": False,
        "quiet": "1m",
        "windows": [],
        "time_zone": "UTC",
        "at_once": None,
    }


def test_what_was_sent_is_kept() -> None:
    """A duration stays in its own unit, a stage has what it said and nothing else."""
    policy = loaded(soak="90s", stages=[{"agents": 3, "soak": 5, "hold": True}])
    assert (policy["soak"], policy["stages"]) == ("90s", [{"agents": 3, "soak": 5, "hold": True}])


def test_durations_are_seconds_inside() -> None:
    """Also those of a stage, which are the policy's where it has none."""
    policy = Policy.of(loaded(soak="2m", stages=[{"percent": 5, "soak": "1h"}, {"percent": 50}]))
    assert [policy.soak_of(stage) for stage in (1, 2, 3)] == [3600, 120, 120]


def test_the_last_stage_is_everyone_else() -> None:
    """It stands behind those that were named."""
    policy = Policy.of(loaded(stages=[{"agents": 1}]))
    assert policy.stages == (Stage(agents=1), Stage())
    assert [policy.is_last(stage) for stage in (1, 2)] == [False, True]


def test_a_window_with_days() -> None:
    """As it was sent; without days it is every day's."""
    windows = [{"days": ["mon"], "from": "22:00", "to": "04:00"}, {"from": "01:00", "to": "02:00"}]
    kept = loaded(windows=windows, time_zone="Europe/Berlin")
    assert kept["windows"] == windows
    assert [len(window.days) for window in Policy.of(kept).windows] == [1, 7]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("unknown", 1),
        ("stages", [{}]),
        ("stages", [{"percent": 1, "agents": 1}]),
        ("stages", [{"percent": 0}]),
        ("stages", [{"percent": 100}]),
        ("stages", [{"percent": "1"}]),
        ("stages", [{"agents": 0}]),
        ("stages", [{"agents": 1_000_001}]),
        ("stages", [{"agents": 1, "hold": 1}]),
        ("stages", [{"percent": 1, "weight": 2}]),
        ("stages", [{"percent": 1}] * 21),
        ("stages", None),
        ("soak", "15 minutes"),
        ("soak", -1),
        ("soak", 1.5),
        ("soak", True),
        ("deadline", 0),
        ("success", 101),
        ("success", True),
        ("max_failures", -1),
        ("max_failures", 1.0),
        ("watch", ["late"]),
        ("watch", ["silent", "silent"]),
        ("on_failure", "continue"),
        ("approval", "yes"),
        ("windows", [{"from": "22:00"}]),
        ("windows", [{"from": "24:00", "to": "01:00"}]),
        ("windows", [{"from": "01:00", "to": "01:00"}]),
        ("windows", [{"days": [], "from": "01:00", "to": "02:00"}]),
        ("windows", [{"days": ["mon", "mon"], "from": "01:00", "to": "02:00"}]),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "localtime"),
        ("at_once", 0),
    ],
)
def test_what_is_refused(field: str, wrong: Any) -> None:
    """The error names the field."""
    with pytest.raises(Invalid) as refusal:
        loaded(**{field: wrong})
    assert all(name.split(".")[0] == field for name in refusal.value.errors)


def test_a_stage_by_attributes_alone() -> None:
    """All agents that match: neither percent nor agents."""
    assert Policy.of(loaded(stages=[{"match": {"site": "lab"}}])).stages[0] == Stage(match={"site": "lab"})
