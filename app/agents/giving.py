"""What one agent is given in this turn: by its channel's list, or by the edition that a roll-out gives to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from app.agents.offering import ConversationState, Turn
from app.agents.package_states import WORKING, PackageState
from app.agents.report import ACCEPTS_PACKAGES, REPORTS_STATUSES, Report
from app.offers.catalogue import Choice
from app.offers.offer import Offer
from app.rollouts.braking import brake
from app.rollouts.outcome import Condition, is_ill, outcome
from app.rollouts.places import Places, Situation, note_return, situation
from app.rollouts.should_have import Standing, Wanted, Way, should_have
from app.telemetry import metrics

COUNTED = ACCEPTS_PACKAGES | REPORTS_STATUSES


class Known(Protocol):
    """What is known of the agent before the turn; app.agents.store.KnownAgent is one."""

    @property
    def state(self) -> ConversationState:
        """Where the conversation stands."""

    @property
    def packages(self) -> Mapping[str, PackageState]:
        """Its packages."""

    @property
    def health(self) -> dict[str, Any] | None:
        """What it said of its health last."""

    @property
    def edition_id(self) -> int | None:
        """The edition that it was given last."""

    @property
    def now(self) -> Any:
        """The time of the turn."""


class Giving:
    """An offer for one turn, and what giving it changes; made within the transaction that holds the agent's row."""

    def __init__(self, connection: Connection, agent: Known, report: Report, choice: Choice | None) -> None:
        """`choice`: the channel that fits the agent, None where none does."""
        self._connection = connection
        self._agent = agent
        self._report = report
        self._choice = choice
        self._situation = self._look()
        self._wanted = self._decide(self._situation)
        self.offer = self._offered()

    @property
    def channel(self) -> str | None:
        """The channel's name."""
        return None if self._choice is None else self._choice.rule.name

    def confirm(self, turn: Turn) -> bool:
        """Whether the turn may be as it is; if not, `offer` is another one, for the same turn again."""
        if self._wanted is None or turn.answer.offer is None:
            return True
        if self._takes_place():
            self._count("offered")
            return True
        if self._wanted.way in (Way.CLAIM, Way.JOIN):
            self._wanted = self._without_place()
            self.offer = self._offered()
            return False
        if self._wanted.way is Way.HAS_IT:
            self.offer = None
            return False
        return True

    def note(self, turn: Turn) -> int | None:
        """Note what the turn shows of a roll-out; returns the edition that the agent now has been given."""
        found, wanted = self._situation, self._wanted
        if found is None or wanted is None:
            return None
        self._note_answer(found, turn)
        given = self.offer is not None and turn.state.offered_hash == self.offer.hash
        if found.goes_back and wanted.way is Way.FREELY and not (given and self._is_back(turn)):
            return self._agent.edition_id
        return wanted.edition if given else self._agent.edition_id

    def _look(self) -> Situation | None:
        if self._choice is None or self._choice.rule.stable_id is None:
            return None
        uid = self._report.instance_uid
        return situation(self._connection, self._choice.rule.name, uid, self._agent.edition_id)

    def _decide(self, found: Situation | None) -> Wanted | None:
        if found is None:
            return None
        standing = found.standing
        if standing.place in (None, "waiting") and self._is_same(standing):
            return Wanted(standing.stable, Way.FREELY)
        return should_have(standing, has_new=self._has_new(standing), reports=self._reports())

    def _is_same(self, standing: Standing) -> bool:
        """Whether the new edition changes nothing for this agent."""
        new, stable = self._by(standing.to), self._by(standing.stable)
        kept = standing.edition in (None, standing.to)
        return kept and new is not None and stable is not None and new.hash == stable.hash

    def _by(self, edition: int | None) -> Offer | None:
        return None if self._choice is None or edition is None else self._choice.offer(edition)

    def _reports(self) -> bool:
        capabilities = self._report.capabilities or self._agent.state.capabilities
        return capabilities & COUNTED == COUNTED

    def _has_new(self, standing: Standing) -> bool:
        """Whether the agent's packages are just those of the new edition, by what it says or has said."""
        new = self._by(standing.to)
        if new is None:
            return False
        statuses = self._report.statuses
        told: Mapping[str, Any] = self._agent.packages if statuses is None else statuses
        has = {name: package.has_hash or b"" for name, package in told.items()}
        works = any(package.status in WORKING for package in told.values())
        return not works and has == {package.name: package.hash for package in new.packages}

    def _offered(self) -> Offer | None:
        """The offer that the turn is taken with; None where nothing may be sent."""
        if self._choice is None or self._wanted is None:
            return self._by_list()
        offer, before = self._by(self._wanted.edition), self._agent.state.offered_hash
        repeated = self._report.sequence_num == self._agent.state.sequence_num
        if offer is None or self._wanted.way not in (Way.HOLD, Way.HAS_IT):
            return offer
        if self._wanted.way is Way.HAS_IT:
            return offer if self._report.is_full or offer.hash == before else None
        return offer if offer.hash != before or repeated else None

    def _by_list(self) -> Offer | None:
        return None if self._choice is None else self._choice.offer(None)

    def _places(self) -> Places | None:
        found = self._situation
        if found is None or found.standing.rollout is None:
            return None
        return Places(self._connection, found.standing, self._report.instance_uid)

    def _takes_place(self) -> bool:
        places, way = self._places(), self._wanted.way if self._wanted else None
        if places is None or way not in (Way.CLAIM, Way.JOIN):
            return False
        healthy = self._healthy()
        return places.claim(was_healthy=healthy) if way is Way.CLAIM else places.join(was_healthy=healthy)

    def _without_place(self) -> Wanted | None:
        found = self._situation
        if found is None:
            return None
        edition, stable = found.standing.edition, found.standing.stable
        return Wanted(stable, Way.FREELY) if edition is None else Wanted(edition, Way.HOLD)

    def _healthy(self) -> bool | None:
        health = self._agent.health if self._report.health is None else self._report.health
        return None if health is None else bool(health["healthy"])

    def _note_answer(self, found: Situation, turn: Turn) -> None:
        """Note how an agent fares that has a place and has been offered the edition before."""
        places, wanted = self._places(), self._wanted
        if places is None or wanted is None:
            return
        if wanted.way is Way.HAS_IT and found.standing.place == "waiting":
            places.leave()
        if wanted.way is Way.PLACED:
            self._evaluate(places, found, turn)

    def _evaluate(self, places: Places, found: Situation, turn: Turn) -> None:
        place, state, policy = found.place, found.standing.place or "busy", found.policy
        if policy is None or self._report.disconnects:
            return
        condition = self._condition(turn)
        ill = is_ill(condition, policy, was_healthy=place.was_healthy)
        since = (place.ill_since or self._agent.now) if ill else None
        now = outcome(condition, state, ill_since=since, cause=place.cause)
        if now is None or (now.state == state and now.cause == place.cause and now.ill_since == place.ill_since):
            return
        places.answer(now)
        if now.state in ("good", "bad") and now.state != state:
            self._count(now.cause or now.state)
        if now.state == "bad" and state != "bad" and found.standing.rollout is not None:
            brake(self._connection, found.standing.rollout)

    def _condition(self, turn: Turn) -> Condition:
        wanted = self.offer.packages if self.offer else ()
        states = [(turn.packages.get(package.name), package) for package in wanted]
        mine = [(state, package) for state, package in states if state and state.offered_hash == package.hash]
        failures = [state.error or "" for state, _ in mine if state.status == "failed"]
        installed = len(mine) == len(wanted) and all(state.is_installed for state, _ in mine)
        return Condition(installed, failures[0] if failures else None, self._healthy())

    def _is_back(self, turn: Turn) -> bool:
        """Whether the agent has all of the stable edition again; noted if so, or if it never tells."""
        if self._reports() and not self._condition(turn).installed:
            return False
        if self._agent.edition_id is not None:
            note_return(self._connection, self._report.instance_uid, self._agent.edition_id)
        return True

    def _count(self, outcome_: str) -> None:
        if self.channel is not None:
            metrics.count_rollout_outcome(self.channel, outcome_)
