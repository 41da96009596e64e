"""A channel with roll-outs, its operator, and agents that talk: the whole application, looked after by hand."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import text

from app.offers.protobuf import opamp
from app.wiring import Services
from tests.api.agents.talking import FAILED, TalkingAgent, offered
from tests.api.channels.setting import channel
from tests.api.packages.publishing import published

NAME = "opamp-agent"
AT_ONCE: dict[str, Any] = {"stages": [], "soak": 0, "quiet": 0}
"""One stage with everyone, and no waiting."""


@dataclass
class Staged:
    """A channel `stable` of the package's latest version, and what its operator does."""

    parts: Services
    publisher: FlaskClient
    admin: FlaskClient
    client: FlaskClient
    agents: list[TalkingAgent] = field(default_factory=list)
    offers: dict[UUID, Any] = field(default_factory=dict)
    """What each was offered last."""

    def begin(self, version: str = "1.0.0", **policy: Any) -> None:
        """Publish a version, and put the channel with a policy."""
        published(self.publisher, version=version)
        channel(self.publisher, packages={NAME: "latest"}, rollout=policy)

    def publish(self, version: str, **fields: str) -> dict[str, Any]:
        """Publish a version."""
        return published(self.publisher, version=version, **fields)

    def agent(self, **attributes: str) -> TalkingAgent:
        """An agent that has what the channel offers to it now."""
        agent = TalkingAgent(self.client, **{name.replace("__", "."): value for name, value in attributes.items()})
        self.agents.append(agent)
        self.settle(agent, agent.introduce())
        return agent

    def fleet(self, count: int, **attributes: str) -> list[TalkingAgent]:
        """So many of them."""
        return [self.agent(**attributes) for _ in range(count)]

    def settle(self, agent: TalkingAgent, answer: Any) -> None:
        """Install what is offered."""
        while answer.HasField("packages_available"):
            answer = agent.install(answer.packages_available)

    def look(self, times: int = 1) -> None:
        """Look after all roll-outs, as the duty does every few seconds."""
        for _ in range(times):
            self.parts.rollouts.duty.run()

    def poll(self, *agents: TalkingAgent) -> dict[TalkingAgent, str]:
        """Let agents poll, all by default; the versions that are offered, to whom something is."""
        found = {}
        for agent in agents or self.agents:
            answer = agent.poll()
            versions = offered(answer)
            if versions is not None:
                self.offers[agent.uid] = answer.packages_available
                found[agent] = versions.get(NAME, "")
        return found

    def install(self, *agents: TalkingAgent) -> None:
        """Let them install what their last poll offered."""
        for agent in agents:
            self.settle(agent, agent.install(self.offers[agent.uid]))

    def fail(self, *agents: TalkingAgent, error: str = "no room") -> None:
        """Let them fail to."""
        for agent in agents:
            agent.note(self.offers[agent.uid], NAME, FAILED, error)
            agent.report()

    def health(self, agent: TalkingAgent, *, healthy: bool, error: str = "") -> Any:
        """Let it tell its health."""
        health = opamp.ComponentHealth(healthy=healthy, last_error=error)
        return agent.say(agent.message(health=health))

    @property
    def rollout_id(self) -> int | None:
        """The roll-out that is not over."""
        found: int | None = self.publisher.get("/api/v1/channels/stable").get_json()["rollout_id"]
        return found

    def last(self) -> dict[str, Any]:
        """The newest roll-out."""
        found: dict[str, Any] = self.publisher.get("/api/v1/rollouts").get_json()[0]
        return found

    def act(self, action: str, **body: Any) -> dict[str, Any]:
        """Do something with the newest roll-out, which must be taken."""
        response = self.admin.post(f"/api/v1/rollouts/{self.last()['id']}/{action}", json=body)
        assert response.status_code == 200, response.text
        content: dict[str, Any] = response.get_json()
        return content

    def actions(self) -> list[str]:
        """What happened to the newest roll-out."""
        return [event["action"] for event in self.last()["events"]]

    def age(self, seconds: int) -> None:
        """Let all that was noted have happened so much earlier."""
        shift = f"- make_interval(secs => {seconds})"
        statements = (
            f"UPDATE agent_polls SET last_seen = last_seen {shift}",
            f"UPDATE rollout_agents SET offered_at = offered_at {shift}, ill_since = ill_since {shift}",
            f"UPDATE rollouts SET good_since = good_since {shift}",
            f"UPDATE channel_drift SET since = since {shift}",
        )
        with self.parts.database.writing() as connection:
            for statement in statements:
                connection.execute(text(statement))
