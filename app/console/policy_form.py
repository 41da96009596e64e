"""Policy of roll-outs in the channel's editor: what the form says of it, as JSON and back."""

import json
from collections.abc import Mapping
from typing import Any

from app.console.views.policy import policy_words
from app.errors import Invalid
from app.http.validation import load
from app.rollouts.policy_schema import RolloutPolicySchema

OFF = "An agent gets what is new at its next poll: all of them, as fast as they ask."


def default_policy() -> dict[str, Any]:
    """What `{}` is, in full."""
    return load(RolloutPolicySchema(), {})


def policy_shown(rollout: Mapping[str, Any] | None) -> tuple[str, str]:
    """What the form says of a channel's policy: off, safe or own, and the JSON to begin from."""
    policy = default_policy() if rollout is None else dict(rollout)
    chosen = "off" if rollout is None else "safe" if policy == default_policy() else "own"
    return chosen, json.dumps(policy, indent=2, ensure_ascii=False)


def policy_of(chosen: str, text: str) -> dict[str, Any] | None:
    """The policy that the form says, not yet checked. Raises Invalid if its own one is no JSON object."""
    if chosen != "own":
        return None if chosen == "off" else {}
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid({"policy": ['Must be JSON, such as {"stages": [{"percent": 10}], "soak": "30m"}.']}) from error
    if not isinstance(policy, dict):
        raise Invalid({"policy": ["Must be an object, in braces."]})
    return policy


def told_policy(chosen: str, text: str) -> str:
    """What it will do; empty while it is no policy."""
    if chosen == "off":
        return OFF
    try:
        return policy_words(load(RolloutPolicySchema(), policy_of(chosen, text) or {})) if chosen else ""
    except Invalid:
        return ""
