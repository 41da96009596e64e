"""Brake, gate, and who should have which edition."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.validation import load
from app.rollouts.brake import Gate, Tally, brakes, gate, needed, share
from app.rollouts.policy import Policy
from app.rollouts.policy_schema import RolloutPolicySchema
from app.rollouts.should_have import Standing, Wanted, Way, should_have

STABLE, OLD, NEW = 1, 2, 3


def policy(**fields: Any) -> Policy:
    """A policy that says this."""
    return Policy.of(load(RolloutPolicySchema(), fields))


@pytest.mark.parametrize(
    ("bad", "offered", "stops"),
    [(2, 2, False), (3, 3, True), (3, 59, True), (3, 60, False), (4, 60, True), (5, 100, False), (6, 100, True)],
)
def test_both_limits(*, bad: int, offered: int, stops: bool) -> None:
    """More than two bad ones and more than five per cent of those offered stop it."""
    assert brakes(policy(), bad, offered) is stops


def test_one_failure_may_be_enough() -> None:
    """Without tolerance."""
    assert brakes(policy(max_failures=0, max_failure_percent=0), 1, 1_000_000)
    assert not brakes(policy(max_failures=0, max_failure_percent=0), 0, 10)


@pytest.mark.parametrize(("held", "good"), [(0, 0), (1, 1), (9, 9), (10, 9), (11, 10), (100, 90)])
def test_how_many_must_be_good(held: int, good: int) -> None:
    """Ninety per cent, rounded up."""
    assert needed(policy(), held) == good


@pytest.mark.parametrize(
    ("tally", "stands"),
    [
        (Tally(), Gate.GOOD),
        (Tally(waiting=1), Gate.OPEN),
        (Tally(busy=1, good=8, bad=1), Gate.OPEN),
        (Tally(good=9, bad=1), Gate.GOOD),
        (Tally(good=8, bad=2), Gate.SHORT),
        (Tally(busy=1, good=9), Gate.GOOD),
    ],
)
def test_where_a_stage_stands(tally: Tally, stands: Gate) -> None:
    """Good as soon as enough are; short only when all have answered."""
    assert gate(policy(), tally) is stands


@given(st.integers(1, 1_000_000), st.integers(1, 9999))
def test_a_share_is_rounded_up(agents: int, hundredths: int) -> None:
    """At least one, never one too many, and exact where floating point is not."""
    found = share(hundredths / 100, agents)
    assert found >= 1
    assert (found - 1) * 10_000 < hundredths * agents <= found * 10_000


def standing(**fields: Any) -> Standing:
    """A roll-out that runs, and an agent that was not chosen."""
    return Standing(**{"stable": STABLE, "rollout": 7, "to": NEW, "stage": 1, "moves": True} | fields)


def wanted(*, has_new: bool = False, reports: bool = True, **fields: Any) -> Wanted:
    """What the agent should have."""
    return should_have(standing(**fields), has_new=has_new, reports=reports)


STAYS = Wanted(STABLE, Way.FREELY)


def test_without_a_rollout_it_is_the_stable_edition() -> None:
    """Also for who has a newer one: that was the way back."""
    assert wanted(rollout=None, to=None, edition=OLD) == STAYS


@pytest.mark.parametrize("state", ["busy", "good", "bad", "gone"])
@pytest.mark.parametrize("moves", [True, False])
def test_who_was_offered_it_keeps_it(state: str, *, moves: bool) -> None:
    """Whether agents are let go or not: retries go on."""
    assert wanted(place=state, moves=moves) == Wanted(NEW, Way.PLACED)


def test_who_has_been_let_go_claims_the_place() -> None:
    """The turn that sends it takes the place."""
    assert wanted(place="waiting", is_due=True) == Wanted(NEW, Way.CLAIM)


@pytest.mark.parametrize("state", [{"is_due": False}, {"is_due": True, "moves": False}])
def test_a_place_alone_is_not_enough(state: dict[str, Any]) -> None:
    """It must have been let go, while agents are."""
    assert wanted(place="waiting", **state) == STAYS


def test_the_last_stage_is_open() -> None:
    """Agents make their own places, but only while agents are let go."""
    assert wanted(is_open=True) == Wanted(NEW, Way.JOIN)
    assert wanted(is_open=True, moves=False) == STAYS


def test_who_tells_nothing_needs_no_place() -> None:
    """It could never answer: it gets the new edition in the last stage and is not counted."""
    assert wanted(is_open=True, reports=False) == Wanted(NEW, Way.FREELY)
    assert wanted(reports=False) == STAYS


@pytest.mark.parametrize("fields", [{}, {"is_open": True}, {"place": "waiting", "is_due": True}, {"moves": False}])
def test_who_has_it_already_is_left_alone(fields: dict[str, Any]) -> None:
    """Not being chosen sends nobody back, and nobody is counted for what it had."""
    assert wanted(has_new=True, **fields) == Wanted(NEW, Way.HAS_IT)


def test_a_replaced_edition_is_held() -> None:
    """Until the agent is chosen."""
    assert wanted(edition=OLD) == Wanted(OLD, Way.HOLD)
    assert wanted(edition=OLD, place="waiting", is_due=True) == Wanted(NEW, Way.CLAIM)


@given(st.sampled_from([None, "waiting", "busy", "good", "bad"]), st.lists(st.booleans(), min_size=4, max_size=4))
def test_nothing_new_while_nobody_is_let_go(place: str | None, facts: list[bool]) -> None:
    """Whatever else holds: no agent comes to the new edition that was not offered it before."""
    is_due, is_open, has_new, reports = facts
    way = wanted(place=place, is_due=is_due, is_open=is_open, moves=False, has_new=has_new, reports=reports).way
    assert way not in (Way.CLAIM, Way.JOIN)
