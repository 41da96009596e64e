"""A roll-out's policy in words: what it will do, as a sentence or two."""

from collections.abc import Mapping
from typing import Any

from app.console.text import attribute, counted, duration
from app.rollouts.policy import Policy


def stage_words(stage: Mapping[str, Any]) -> str:
    """Whom a stage is for: 10 % of each platform; 20 agents; those with ring beta."""
    who = ""
    if stage.get("percent") is not None:
        who = f"{stage['percent']:g} % of each platform"
    elif stage.get("agents") is not None:
        who = counted(stage["agents"], "agent")
    match = ", ".join(f"{key} {attribute(value)}" for key, value in (stage.get("match") or {}).items())
    if not match:
        return who
    return f"{who} with {match}" if who else f"agents with {match}"


def policy_words(content: Mapping[str, Any]) -> str:
    """What a policy, in full, will do."""
    policy = Policy.of(dict(content))
    stages = [stage_words(stage) for stage in content["stages"]]
    way = ", then ".join([*stages, "everyone else"]) if stages else "all agents at once"
    soak = f" when {policy.success:g} % of a stage have been well for {duration(policy.soak)}"
    goes = f"{way[:1].upper()}{way[1:]}" + (f"; the next{soak}." if stages else ".")
    share = f"{policy.max_failure_percent:g} % of those offered it"
    does = "it goes back by itself" if policy.rolls_back else "it pauses"
    brake = f"With more than {counted(policy.max_failures, 'bad agent')} and more than {share}, {does}."
    rules = {
        "An admin approves each roll-out.": policy.approval,
        goes: True,
        "Where a stage holds, somebody opens the next.": any(stage.hold for stage in policy.stages),
        brake: True,
        "Agents are let go in its windows only.": bool(policy.windows),
        f"At most {counted(policy.at_once or 0, 'agent')} are at it at once.": policy.at_once is not None,
    }
    return " ".join(sentence for sentence, holds in rules.items() if holds)
