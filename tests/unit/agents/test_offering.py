"""The rules of who is offered what, and when: pure functions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.offering import ConversationState, Turn, take_turn
from app.agents.package_states import PackageState, backoff
from app.agents.report import Report, ReportedPackage
from app.offers.offer import Offer, OfferedPackage, all_packages_hash

NOW = datetime(2026, 11, 23, tzinfo=UTC)
UID = UUID(int=7)
USUAL = 1 | 8 | 16


def offered(name: str, version: str) -> OfferedPackage:
    """A package of an offer."""
    return OfferedPackage(name, "addon", version, 1, "00", "/path", "url", f"{name} {version}".encode())


ONE = Offer("stable", (offered("a", "1"),))
TWO = Offer("stable", (offered("a", "2"),))
BOTH = Offer("stable", (offered("a", "1"), offered("b", "1")))
EMPTY = Offer("nothing", ())
LACKING = Offer("stable", (offered("a", "1"),), frozenset("b"))
NO_FILES = Offer("stable", (), frozenset("ab"))


def told(version: str, status: str = "installed", of: str = "") -> ReportedPackage:
    """A status of the package a: what it has, and what it says of which offered version."""
    has_hash = f"a {version}".encode() if version else b""
    return ReportedPackage(version, has_hash, status, "", of, f"a {of}".encode() if of else b"")


def full(number: int, **statuses: ReportedPackage) -> Report:
    """A full state."""
    return Report(UID, number, USUAL, {}, None, statuses)


def poll(number: int) -> Report:
    """A message without news."""
    return Report(UID, number, USUAL)


def turn_of(turn: Turn, report: Report, offer: Offer | None, now: datetime = NOW) -> Turn:
    """The turn that follows."""
    return take_turn(turn.state, turn.packages, report, offer, now)


def first(report: Report, offer: Offer | None) -> Turn:
    """The first turn of an agent."""
    return take_turn(ConversationState(), {}, report, offer, NOW)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (6, 32), (7, 60), (8, 60), (5000, 60)])
def test_backoffs(failures: int, minutes: int) -> None:
    """1, 2, 4 … 60 minutes, however often it has failed."""
    assert backoff(failures) == timedelta(minutes=minutes)


@pytest.mark.parametrize("offer", [None, NO_FILES])
def test_nothing_is_sent_where_nothing_is_meant(offer: Offer | None) -> None:
    """No channel, or no file at all: not even an empty offer."""
    assert first(full(0, a=told("1")), offer).answer.offer is None


def test_a_stranger_is_asked_before_it_is_sent_less_than_its_channel_has() -> None:
    """A description alone doesn't tell whether it has what resolves to no file."""
    stranger = Report(UID, 0, USUAL, {})
    turn = first(stranger, LACKING)
    assert (turn.answer.offer, turn.answer.asks_full_state) == (None, True)
    assert turn_of(turn, full(1), LACKING).answer.offer is LACKING
    assert first(stranger, ONE).answer.offer is ONE


def test_a_failure_told_twice_counts_once() -> None:
    """Clients repeat their statuses; only a try makes another failure."""
    turn = first(full(0), ONE)
    for number in (1, 2, 3):
        turn = turn_of(turn, full(number, a=told("", "failed", "1")), ONE)
    assert turn.packages["a"].failures == 1
    assert turn.wake_at == NOW + timedelta(minutes=1)


def test_a_failure_whose_beginning_was_not_told() -> None:
    """After the second try 'failed' alone counts, though 'installing' was never seen."""
    turn = turn_of(first(full(0), ONE), full(1, a=told("", "failed", "1")), ONE)
    turn = turn_of(turn, poll(2), ONE, NOW + timedelta(minutes=1))
    assert turn.answer.offer is ONE
    turn = turn_of(turn, full(3, a=told("", "failed", "1")), ONE, NOW + timedelta(minutes=1))
    assert turn.answer.offer is None
    assert (turn.packages["a"].failures, turn.wake_at) == (2, NOW + timedelta(minutes=3))


def test_all_backoffs_must_be_over() -> None:
    """An offer makes the client try all that it lacks, so the longest wait counts."""
    packages = {
        "a": PackageState("a", "failed", offered_hash=b"a 1", failures=1, retry_at=NOW - timedelta(minutes=1)),
        "b": PackageState("b", "failed", offered_hash=b"b 1", failures=3, retry_at=NOW + timedelta(minutes=3)),
    }
    state = ConversationState(5, USUAL, offered_hash=BOTH.hash, delivered=True)
    waiting = take_turn(state, packages, poll(6), BOTH, NOW)
    assert (waiting.answer.offer, waiting.wake_at) == (None, NOW + timedelta(minutes=3))
    assert take_turn(state, packages, poll(6), BOTH, NOW + timedelta(minutes=3)).answer.offer is BOTH


def test_words_about_another_offer_do_not_count() -> None:
    """An agent that is still at the offer before has not failed at this one."""
    turn = turn_of(first(full(0), ONE), poll(1), TWO)
    turn = turn_of(turn, full(2, a=told("", "failed", "1")), TWO)
    assert turn.packages["a"].status == "pending"
    assert turn.wake_at is None


def test_a_status_that_names_no_version() -> None:
    """It is about the offer that the statuses name."""
    report = replace(full(1, a=told("", "failed")), named_hash=ONE.hash)
    assert turn_of(first(full(0), ONE), report, ONE).packages["a"].status == "failed"
    assert turn_of(first(full(0), ONE), replace(report, named_hash=b""), ONE).packages["a"].status == "pending"


def test_the_sequence_ends_and_begins_again() -> None:
    """After 2^64 - 1 comes 0, and that is no gap."""
    turn = first(full(2**64 - 1, a=told("1")), ONE)
    assert not turn_of(turn, poll(0), ONE).answer.asks_full_state


def test_hashes_of_an_empty_offer() -> None:
    """32 bytes, like any other's, and unlike it."""
    assert len(EMPTY.hash) == 32
    assert EMPTY.hash == all_packages_hash(()) != ONE.hash


STATUSES = st.sampled_from(["installed", "installing", "downloading", "failed", "pending"])
PACKAGES = st.dictionaries(
    st.sampled_from("abc"), st.builds(told, st.sampled_from(["", "1", "2"]), STATUSES, st.sampled_from(["", "1", "2"]))
)
REPORTS = st.builds(
    Report,
    st.just(UID),
    st.integers(0, 4),
    st.sampled_from([0, USUAL, 1 | 8, 1]),
    st.sampled_from([None, {}]),
    st.none(),
    st.none() | PACKAGES,
    st.sampled_from([b"", ONE.hash, TWO.hash, BOTH.hash]),
    st.booleans(),
)
OFFERS = st.sampled_from([None, ONE, TWO, BOTH, EMPTY, LACKING, NO_FILES])


@given(st.lists(st.tuples(REPORTS, OFFERS, st.integers(0, 100)), max_size=30))
def test_whatever_agents_say(exchanges: list[tuple[Report, Offer | None, int]]) -> None:
    """Any messages in any order: nobody is emptied by accident, and a package of nobody's offer is never offered."""
    turn, now = Turn(ConversationState(), {}, first(poll(0), None).answer, None), NOW
    for report, offer, minutes in exchanges:
        now += timedelta(minutes=minutes)
        turn = turn_of(turn, report, offer, now)
        sent = turn.answer.offer
        if sent is not None:
            assert sent is offer
            assert sent.packages or sent is EMPTY
            assert turn.state.capabilities & 8
            assert not report.disconnects
            assert not any(name in turn.packages and turn.packages[name].is_on_agent for name in sent.unresolved)
            assert {name for name, package in turn.packages.items() if package.offered_hash} == {
                package.name for package in sent.packages
            }
        assert turn.wake_at is None or now < turn.wake_at <= now + timedelta(minutes=60)


@given(st.lists(st.tuples(st.booleans(), PACKAGES), min_size=1, max_size=30))
def test_no_agent_spins(told_each: list[tuple[bool, dict[str, ReportedPackage]]]) -> None:
    """Without time passing, restarts or lost answers, statuses never bring the same offer a second time."""
    turn = first(full(0), ONE)
    assert turn.answer.offer is ONE
    for number, (speaks, statuses) in enumerate(told_each, 1):
        named = Report(UID, number, USUAL, None, None, statuses if speaks else None, ONE.hash)
        turn = turn_of(turn, named, ONE)
        assert turn.answer.offer is None
