"""Handles one OpAMP message from report to answer, and removes agents that have been silent for long."""

import contextlib
import threading
from collections.abc import Iterator

from app.agents.offering import take_turn
from app.agents.ownership import Owner, Refusals
from app.agents.report import NOTHING_NEW, Answer, Report
from app.agents.store import AgentStore, Conversation, KnownAgent
from app.errors import Overloaded

RETENTION_BATCH = 1000

SMALL = 100
"""Package statuses of a report that is as quick as others."""

LARGE_AT_ONCE = 2
"""Reports with more, in one worker: 1,000 take PostgreSQL 0.1 s, and everybody's lists need its connections too."""

LARGE_TIMEOUT = 1.0
"""Seconds that one of them waits for its turn."""

RETENTION_LOCK = 0x6167656E74
"""The advisory lock under which silent agents are removed."""


class AgentManager:
    """Talks with agents. Every method may raise DatabaseUnavailable."""

    def __init__(self, store: AgentStore, retention: int) -> None:
        """`retention`: seconds of silence after which an agent is forgotten."""
        self.store = store
        self.refusals = Refusals(store.silence)
        self.retention = retention
        self.large_turns = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def hear(self, report: Report, owner: Owner) -> Answer:
        """The answer to one message of `owner`. A settled agent's poll costs one statement.

        Raises Forbidden if the agent is another's, Overloaded if too many large reports come at once.
        """
        if report.is_poll and self.store.note_poll(report, owner):
            return NOTHING_NEW
        with self._turn(report), self.store.conversation(report, owner) as conversation:
            agent = self._owned(conversation, report, owner)
            if agent is None:
                return Answer(asks_full_state=not report.disconnects)
            giving = conversation.giving(agent)
            turn = take_turn(agent.state, agent.packages, report, giving.offer, agent.now)
            if not giving.confirm(turn):
                turn = take_turn(agent.state, agent.packages, report, giving.offer, agent.now)
            conversation.save(agent, turn, giving)
        return turn.answer

    @contextlib.contextmanager
    def _turn(self, report: Report) -> Iterator[None]:
        """Large reports take turns. Raises Overloaded."""
        if len(report.statuses or ()) <= SMALL:
            yield
            return
        if not self.large_turns.acquire(timeout=LARGE_TIMEOUT):
            raise Overloaded(f"Too many reports of more than {SMALL} packages come at once. Try again.")
        try:
            yield
        finally:
            self.large_turns.release()

    def _owned(self, conversation: Conversation, report: Report, owner: Owner) -> KnownAgent | None:
        """The agent, which is `owner`'s from now on; None if it has to describe itself first. Raises Forbidden."""
        agent = conversation.agent()
        if agent is None or agent.owner in (None, owner):
            return agent
        if not agent.is_silent:
            raise self.refusals.refuse(report.instance_uid, agent.owner, owner)
        conversation.forget()
        # What it has is not known any more: nothing is offered before its full state has come.
        return conversation.agent() if report.is_full else None

    def remove_silent(self) -> int:
        """Forget the agents that have been silent for too long; returns how many."""
        removed = 0
        while batch := self.store.remove_silent(self.retention, RETENTION_BATCH):
            removed += batch
        return removed
