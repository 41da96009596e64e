"""The service with its operator's hands on it, for scenarios with agents."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.parts import processes
from tests.databases import execute
from tests.faults.client import Answer, Client
from tests.faults.service import Service
from tests.opamp.go_agent import GoAgent


@dataclass
class Fleet:
    """A real service on real PostgreSQL and MinIO, and the agents that ask it."""

    service: Service
    database_url: str
    operator: Client
    agent_token: str
    binary: Path
    folder: Path
    agents: list[GoAgent] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    def agent(self, *options: str, token: str = "", fails: bool = False, **attributes: str) -> GoAgent:
        """A running agent on a folder of its own; two underscores in a name are a dot."""
        described = {name.replace("__", "."): value for name, value in attributes.items()}
        folder = self.folder / f"agent-{next(self.numbers)}"
        agent = GoAgent(self.binary, folder, self.service.url, token or self.agent_token, described, options)
        self.agents.append(agent)
        if fails:
            agent.fail(always=True)
        agent.start()
        return agent

    def publish(self, version: str, content: bytes = b"", name: str = "otelcol", **fields: str) -> dict[str, Any]:
        """Upload a package; its bytes tell which it is."""
        content = content or f"{name} {version} {fields}".encode()
        answer = self.answered(lambda: self.operator.put(content, name=name, version=version, **fields))
        assert answer.status in (200, 201), answer.body
        package: dict[str, Any] = answer.json()
        return package

    def channel(
        self, packages: dict[str, str], name: str = "stable", rollout: dict[str, Any] | None = None, **match: str
    ) -> None:
        """Put a channel."""
        members = [{"name": package, "version": version, "type": "top_level"} for package, version in packages.items()]
        self.members(members, name, rollout, **match)

    def members(
        self,
        members: list[dict[str, str]],
        name: str = "stable",
        rollout: dict[str, Any] | None = None,
        **match: str,
    ) -> None:
        """Put a channel with these packages."""
        exact = {key.replace("__", "."): value for key, value in match.items()}
        body = json.dumps({"match": exact, "packages": members, "rollout": rollout}).encode()
        path, kind = f"/api/v1/channels/{name}", "application/json"
        answer = self.answered(lambda: self.operator.request("PUT", path, body, Content_Type=kind))
        assert answer.status in (200, 201), answer.body

    def yank(self, package: dict[str, Any]) -> None:
        """Make a package inactive."""
        body = b'{"is_active": false}'
        path = f"/api/v1/packages/{package['id']}"
        assert self.operator.request("PATCH", path, body, Content_Type="application/json").status == 200

    def seen(self, agent: GoAgent) -> dict[str, Any]:
        """The agent as its operator sees it."""
        answer = self.operator.get(f"/agents/{agent.uid}")
        assert answer.status == 200, answer.body
        content: dict[str, Any] = answer.json()
        return content

    def rollout(self) -> dict[str, Any]:
        """The newest roll-out; empty before there is one."""
        answer = self.answered(lambda: self.operator.get("/rollouts?limit=1"))
        assert answer.status == 200, answer.body
        listed: list[dict[str, Any]] = answer.json()
        return listed[0] if listed else {}

    def answered(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until it is not 503, as clients do: connections to PostgreSQL that a test has ended cost one each."""
        answers: list[Answer] = []

        def is_answered() -> bool:
            answers.append(ask())
            return answers[-1].status != 503

        processes.wait_until(is_answered, "An answer that is not 503", 60)
        return answers[-1]

    def act(self, action: str) -> None:
        """Do something with the newest roll-out."""
        answer = self.operator.request("POST", f"/api/v1/rollouts/{self.rollout()['id']}/{action}")
        assert answer.status == 200, answer.body

    def states(self, agent: GoAgent) -> dict[str, str]:
        """The agent's packages and their states; none before it is known."""
        if self.operator.get(f"/agents/{agent.uid}").status == 404:
            return {"": "unknown"}
        return {package["name"]: package["status"] for package in self.seen(agent)["packages"]}

    def installations(self, package: dict[str, Any]) -> dict[str, int]:
        """How many agents have a package."""
        counts: dict[str, int] = self.operator.get(f"/packages/{package['id']}/installations").json()
        return counts

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Return when `ready` is true."""
        processes.wait_until(ready, what, 20)

    def execute(self, *statements: str) -> None:
        """Write into the database past the service."""
        execute(self.database_url, *statements)

    def let_backoffs_pass(self) -> None:
        """Let every backoff be over now, by the database's clock."""
        execute(
            self.database_url,
            "UPDATE agent_packages SET retry_at = now() WHERE retry_at IS NOT NULL",
            "UPDATE agent_polls SET wake_at = now() WHERE wake_at IS NOT NULL",
        )
