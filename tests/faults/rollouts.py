"""Roll-outs on a service that is killed, and on a PostgreSQL that stands still: what is asked, and what is seen."""

import contextlib
import http.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.parts import processes
from tests.databases import empty
from tests.faults.killing import Trap
from tests.faults.site import Site
from tests.opamp.fleet import Fleet
from tests.opamp.scripted import ScriptedAgent

POLICY: dict[str, Any] = {"soak": 0, "quiet": 0, "watch": []}
LONG = 120.0
"""Seconds within which a machine, however busy, has come to what a test waits for."""


@dataclass(frozen=True)
class Step:
    """A statement of a roll-out: what is sent to PostgreSQL, in this order; the last is the step."""

    name: str
    awaited: Sequence[bytes]


CHOICE = b"INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state)\n    SELECT"
CLAIM = b"SET state = 'busy', offered_at"
JOIN = b"'busy', now(), now()"
COMMIT = b"COMMIT"

STARTING = [
    Step("freeze the edition", [b"INSERT INTO editions"]),
    Step("insert the roll-out", [b"INSERT INTO rollouts ("]),
    Step("note the start", [b"INSERT INTO rollout_events"]),
    Step("note the drift", [b"INSERT INTO channel_drift"]),
    Step("commit the start", [b"INSERT INTO rollouts (", COMMIT]),
    Step("note who left", [b"SET state = 'gone'"]),
    Step("take places back", [b"DELETE FROM rollout_agents"]),
    Step("note who is late", [b"cause = 'late'"]),
    Step("take the lock", [b"pg_advisory_xact_lock"]),
    Step("choose", [CHOICE]),
    Step("open the stage", [CHOICE, b"UPDATE rollouts SET"]),
    Step("commit the stage", [CHOICE, b"UPDATE rollouts SET", COMMIT]),
    Step("give the lease", [b"moves_until="]),
    Step("let go", [b"SET due = now()"]),
    Step("commit who is let go", [b"SET due = now()", COMMIT]),
    Step("wake", [b"SET settled_version = NULL"]),
    Step("note the look", [b"looked_at="]),
]
"""From a new version to agents that may have it; none polls yet."""

OFFERING = [
    Step("take the place", [CLAIM]),
    Step("keep the turn", [CLAIM, b"UPDATE agent_polls SET"]),
    Step("commit the place", [CLAIM, COMMIT]),
    Step("note the good agent", [b"SET state = 'good'"]),
    Step("commit the good agent", [b"SET state = 'good'", COMMIT]),
    Step("note the soak", [b"good_since='"]),
    Step("note the next stage", [b"'stage', 2"]),
    Step("commit the next stage", [b"'stage', 2", COMMIT]),
]
"""While agents poll, to the end of the second stage."""

ENDING = [
    Step("finish", [b"'finish'"]),
    Step("open it to everyone", [b"is_open=true"]),
    Step("join", [JOIN]),
    Step("commit the joining", [JOIN, COMMIT]),
    Step("make the edition stable", [b"UPDATE channels SET stable_id"]),
    Step("end it", [b"state='complete'"]),
    Step("commit the end", [b"state='complete'", COMMIT]),
]
"""From there until all have it."""

BRAKING = [
    Step("note the bad agent", [b"SET state = 'bad'"]),
    Step("queue up at the roll-out", [b"SET state = 'bad'", b"FOR NO KEY UPDATE"]),
    Step("stop it", [b"state='paused'"]),
    Step("note the brake", [b"'brake'"]),
    Step("keep the failed turn", [b"'brake'", b"UPDATE agent_polls SET"]),
    Step("commit the brake", [b"'brake'", COMMIT]),
]
"""In the turn of the agent whose failure is over the limit."""

RETURNING = [
    Step("roll back", [b"state='rolled_back'"]),
    Step("withdraw the edition", [b"UPDATE editions SET withdrawn"]),
    Step("commit the way back", [b"UPDATE editions SET withdrawn", COMMIT]),
]
"""Of a roll-out that the brake has stopped."""


class Traps:
    """One trap after the other: the service is killed at each step, and goes on to the next."""

    def __init__(self, site: Site, steps: Sequence[Step], after: Callable[[int], bool]) -> None:
        """`after`: whether the step of this number is killed once PostgreSQL has it, or before."""
        self._left = [(step, Trap(site, step.awaited, after=after(number))) for number, step in enumerate(steps)]

    def __call__(self, block: bytes) -> bool:
        """The proxy's watch."""
        for _, trap in self._left:
            if not trap.sprung.is_set():
                return trap(block)
        return True

    @property
    def missed(self) -> list[str]:
        """The steps that have not been met yet."""
        return [step.name for step, trap in self._left if not trap.sprung.is_set()]


@dataclass
class Rolling:
    """A channel of one package on a site, and agents that have its first version."""

    site: Site
    fleet: Fleet
    agents: list[ScriptedAgent] = field(default_factory=list)

    @classmethod
    def on(cls, site: Site, agents: int, **policy: Any) -> "Rolling":
        """Begin with empty tables."""
        empty(site.direct_url)
        fleet = Fleet(site.service, site.direct_url, site.client(), site.tokens["agent"], Path(), Path())
        fleet.publish("1.0.0")
        fleet.channel({"otelcol": "latest"}, rollout={**POLICY, **policy})
        rolling = cls(site, fleet, [ScriptedAgent([site.service.url], fleet.agent_token) for _ in range(agents)])
        for agent in rolling.agents:
            agent.introduce()
        return rolling

    @contextlib.contextmanager
    def killed_at(self, steps: Sequence[Step], after: Callable[[int], bool]) -> Any:
        """Kill the service at each of the steps while the block goes on."""
        self.site.database.watch = traps = Traps(self.site, steps, after)
        try:
            yield traps
        finally:
            self.site.database.watch = lambda _: True
            self.site.service.until_ready()

    def poll(self) -> None:
        """Let all agents poll, and install what they are offered."""
        for agent in self.agents:
            agent.installed(agent.poll())

    def having(self, version: str) -> int:
        """How many have a version."""
        return sum([package.version for package in agent.has.values()] == [version] for agent in self.agents)

    def offered(self, version: str) -> int:
        """How many were ever offered it."""
        return sum(version in agent.offers for agent in self.agents)

    def publish(self, version: str) -> None:
        """Upload a version, again until it is answered."""

        def is_there() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.fleet.operator.put(version.encode(), name="otelcol", version=version).status in (200, 201)
            return False

        self.until(is_there, f"The version {version}")

    def act(self, action: str) -> None:
        """Do something with the roll-out, again until it is answered."""
        self.until(lambda: self._acted(action), action)

    def _acted(self, action: str) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            rollout = self.rollout()["id"]
            answer = self.fleet.operator.request("POST", f"/api/v1/rollouts/{rollout}/{action}")
            assert answer.status in (200, 503), answer.body
            return answer.status == 200
        return False

    def rollout(self) -> dict[str, Any]:
        """The newest roll-out, by PostgreSQL and the service, whatever has just been killed."""
        found: list[dict[str, Any]] = []

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.fleet.operator.get("/rollouts?limit=1")
                found[:] = answer.json() if answer.status == 200 else []
            return bool(found)

        self.until(answered, "The roll-out")
        return found[0]

    def until(self, ready: Callable[[], bool], what: str) -> None:
        """Return when `ready`."""
        processes.wait_until(ready, what, LONG)

    def until_state(self, state: str) -> None:
        """Let agents poll until the roll-out is so."""

        def is_so() -> bool:
            self.poll()
            return bool(self.rollout()["state"] == state)

        self.until(is_so, f"The state {state}")
