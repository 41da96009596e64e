"""Handles one OpAMP message from report to answer, and removes agents that have been silent for long."""

from app.agents.offering import take_turn
from app.agents.report import NOTHING_NEW, Answer, Report
from app.agents.store import AgentStore

RETENTION_BATCH = 1000

RETENTION_LOCK = 0x6167656E74
"""The advisory lock under which silent agents are removed."""


class AgentManager:
    """Talks with agents. Every method may raise DatabaseUnavailable."""

    def __init__(self, store: AgentStore, retention: int) -> None:
        """`retention`: seconds of silence after which an agent is forgotten."""
        self.store = store
        self.retention = retention

    def hear(self, report: Report) -> Answer:
        """The answer to one message. A settled agent's poll costs one statement."""
        if report.is_poll and self.store.note_poll(report):
            return NOTHING_NEW
        with self.store.conversation(report) as conversation:
            agent = conversation.agent()
            if agent is None:
                return Answer(asks_full_state=not report.disconnects)
            offer = conversation.offer(agent)
            turn = take_turn(agent.state, agent.packages, report, offer, agent.now)
            conversation.save(agent, turn, offer.channel if offer else None)
        return turn.answer

    def remove_silent(self) -> int:
        """Forget the agents that have been silent for too long; returns how many."""
        removed = 0
        while batch := self.store.remove_silent(self.retention, RETENTION_BATCH):
            removed += batch
        return removed
