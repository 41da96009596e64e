"""State machine of the OpAMP conversation: what one message changes, and what it is answered.

Nothing here touches the database: all rules of who is offered what, and when, are in these functions.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from app.agents.package_states import WORKING, Packages, PackageState, after_offer, after_report
from app.agents.report import ACCEPTS_PACKAGES, FULL_STATE, OFFERED, REPORTS_STATUSES, Answer, Report
from app.offers.offer import Offer

MAX_UNANSWERED = 3
"""Messages that say nothing of an offer after it was sent, until the agent is asked for its full state."""


@dataclass(frozen=True, slots=True)
class ConversationState:
    """The state of the conversation with an agent; the fields are the columns of app.agents.models.AgentPoll."""

    sequence_num: int | None = None
    capabilities: int = 0
    disconnected: bool = False
    answer: int = 0
    offered_hash: bytes | None = None
    delivered: bool = False
    unanswered: int = 0
    asked: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether the next messages are counted, since an offer may have been lost."""
        return self.offered_hash is not None and not self.delivered and not self.asked


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome: the conversation and the packages afterwards, the answer, and when to look again at the latest."""

    state: ConversationState
    packages: dict[str, PackageState]
    answer: Answer
    wake_at: datetime | None


def take_turn(before: ConversationState, known: Packages, report: Report, offer: Offer | None, now: datetime) -> Turn:
    """The turn that `report` makes. `offer` is what the agent should have now; None where no channel fits."""
    turn = _Turn(before, known, report, offer, now)
    turn.apply_report()
    turn.decide_offer()
    turn.count_unanswered()
    return turn.outcome()


class _Turn:
    def __init__(
        self, before: ConversationState, known: Packages, report: Report, offer: Offer | None, now: datetime
    ) -> None:
        self.before = before
        self.report = report
        self.offer = offer
        self.now = now
        self.packages = dict(known)
        self.repeated = report.sequence_num == before.sequence_num
        self.sends = False
        self.state = replace(
            before,
            sequence_num=report.sequence_num,
            capabilities=report.capabilities or before.capabilities,
            disconnected=report.disconnects,
        )

    def apply_report(self) -> None:
        """Apply what the agent reports of its packages; tell whether it shows that the last offer has arrived."""
        if self.report.statuses is None:
            return
        named = self.before.offered_hash is not None and self.report.named_hash == self.before.offered_hash
        self.packages = after_report(self.packages, self.report.statuses, named, self.now)
        if named or (self.report.is_full and _has_exactly(self.packages, self.before.offered_hash, self.offer)):
            self.state = replace(self.state, delivered=self.before.offered_hash is not None)

    def decide_offer(self) -> None:
        """Decide whether to send the offer."""
        offer = self.offer
        if offer is None or not self._may_send(offer):
            return
        if offer.hash != self.before.offered_hash and self._has_it_already(offer):
            self._note_offer(offer, delivered=True)
        elif (self.repeated and self.before.answer & OFFERED) or self._is_news(offer):
            self.sends = True
            self._note_offer(offer, delivered=not self.state.capabilities & REPORTS_STATUSES)

    def count_unanswered(self) -> None:
        """Count the messages that say nothing of the offer; after MAX_UNANSWERED ask once for the full state."""
        if self.sends or self.repeated or not self.state.is_waiting:
            return
        unanswered = self.state.unanswered + 1
        self.state = replace(self.state, unanswered=unanswered, asked=unanswered >= MAX_UNANSWERED)

    def outcome(self) -> Turn:
        """The turn as it has come out."""
        answer = Answer(self.offer if self.sends else None, self._asks_full_state())
        state = replace(self.state, answer=answer.flags)
        retry_at = self._retry_at()
        return Turn(state, self.packages, answer, retry_at if retry_at and retry_at > self.now else None)

    def _may_send(self, offer: Offer) -> bool:
        """Never by accident 'remove everything', and nothing to those who don't want packages or are leaving."""
        if self.report.disconnects or not self.state.capabilities & ACCEPTS_PACKAGES:
            return False
        if not offer.packages and not offer.removes_all:
            return False
        if offer.unresolved and self._is_unknown():
            return False
        return not any(name in self.packages and self.packages[name].is_on_agent for name in offer.unresolved)

    def _is_unknown(self) -> bool:
        """Whether this service does not know yet what the agent has."""
        return self.before.sequence_num is None and not self.report.is_full

    def _has_it_already(self, offer: Offer) -> bool:
        """A full state equal to an offer that was never sent: a client in sync would answer it with silence."""
        if not self.report.is_full or any(package.status in WORKING for package in self.packages.values()):
            return False
        return _all_installed(after_offer(self.packages, offer), offer)

    def _is_news(self, offer: Offer) -> bool:
        if offer.hash != self.before.offered_hash:
            return True
        if self._is_working() and not self._has_restarted():
            return False
        retry_at = self._retry_at()
        if retry_at is not None:
            return retry_at <= self.now
        return self.report.is_full and not _all_installed(self.packages, offer)

    def _retry_at(self) -> datetime | None:
        """When the last backoff is over: whatever is offered, an agent tries all that it lacks."""
        moments = (package.retry_at for package in self.packages.values() if package.retry_at is not None)
        return max(moments, default=None)

    def _is_working(self) -> bool:
        return any(package.status in WORKING and package.offered_hash for package in self.packages.values())

    def _has_restarted(self) -> bool:
        """An agent that counts from the start again is not working on what it was working on."""
        last = self.before.sequence_num
        return self.report.is_full and last is not None and self.report.sequence_num < last

    def _note_offer(self, offer: Offer, *, delivered: bool) -> None:
        self.packages = after_offer(self.packages, offer)
        self.state = replace(self.state, offered_hash=offer.hash, delivered=delivered, unanswered=0, asked=False)

    def _asks_full_state(self) -> bool:
        if self.report.disconnects:
            return False
        if self.repeated:
            return bool(self.before.answer & FULL_STATE)
        just_asked = self.state.asked and not self.before.asked
        return just_asked or self._is_unknown() or (self._is_out_of_order() and not self.report.is_full)

    def _is_out_of_order(self) -> bool:
        last = self.before.sequence_num
        return last is not None and self.report.sequence_num != (last + 1) % 2**64


def _has_exactly(packages: Packages, offered_hash: bytes | None, offer: Offer | None) -> bool:
    return offer is not None and offer.hash == offered_hash and _all_installed(packages, offer)


def _all_installed(packages: Packages, offer: Offer) -> bool:
    """Whether the agent has all of the offer and nothing else."""
    names = {package.name for package in offer.packages}
    return names == packages.keys() and all(package.is_installed for package in packages.values())
