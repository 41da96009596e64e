"""The simulated roll-out of bench.stages: it goes by the service's own rules, so they hold here as well."""

from typing import Any

from app.http.validation import load
from app.rollouts.policy import Policy
from app.rollouts.policy_schema import RolloutPolicySchema
from bench.simulation import Outcome, Rollout


def simulated(defects: float, first_try_fails: float = 0.0, **fields: Any) -> Outcome:
    """A thousand agents."""
    rules = Policy.of(load(RolloutPolicySchema(), fields))
    return Rollout(rules, 1000, defects, first_try_fails, seed=7).run()


def test_a_version_that_never_installs_stops_at_its_canaries() -> None:
    """One per cent of a thousand."""
    outcome = simulated(1.0)
    assert outcome.stopped
    assert outcome.offered <= 10


def test_a_good_version_reaches_everyone() -> None:
    """After three soaks of a quarter of an hour."""
    outcome = simulated(0.0)
    assert (outcome.stopped, outcome.offered, len(outcome.times)) == (False, 1000, 1000)
    assert max(outcome.times) > 3 * 15 * 60


def test_without_stages_everyone_is_at_risk() -> None:
    """The brake alone: it stops, and late."""
    assert simulated(1.0, stages=[]).offered > simulated(1.0).offered
