"""One simulated staged roll-out, event by event: stages, gate and brake are the service's own functions.

What else it takes for given is in the constants below.
"""

import heapq
import random
from dataclasses import dataclass
from enum import Enum, auto

from app.rollouts.brake import Gate, Tally, brakes, gate, share
from app.rollouts.policy import Policy

POLL = 60.0
"""Seconds between an agent's polls: it is offered the version at its next one after it was let go."""

INSTALLS = 30.0
"""Seconds until it tells how it fared, on average (exponential)."""

RETRY_SUCCEEDS = 0.9
"""The share of retries that succeed where the version is good for the agent."""

MAX_BACKOFF = 60


class Kind(Enum):
    """What happens."""

    OFFERED = auto()
    ANSWERED = auto()
    SOAKED = auto()


@dataclass(frozen=True)
class Outcome:
    """How a roll-out ended: `offered` agents had been offered the version; `times` are when agents became good."""

    stopped: bool
    offered: int
    times: list[float]


class Rollout:
    """One roll-out to `agents`, of which the share `defects` can never install the version."""

    def __init__(self, rules: Policy, agents: int, defects: float, first_try_fails: float, seed: int) -> None:
        self.rules = rules
        self.agents = agents
        self.fails = first_try_fails
        self.random = random.Random(seed)
        self.is_broken = [self.random.random() < defects for _ in range(agents)]
        self.state = bytearray(agents)
        self.failures: dict[int, int] = {}
        self.counts = {"waiting": 0, "busy": 0, "good": 0, "bad": 0}
        self.offered = 0
        self.stage = 0
        self.chosen = 0
        self.good_since: float | None = None
        self.times: list[float] = []
        self.heap: list[tuple[float, int, Kind, int]] = []
        self.pushed = 0

    def run(self) -> Outcome:
        """From the first stage until it is stopped, or everyone is good."""
        self.open_stage(0.0)
        while self.heap:
            now, _, kind, which = heapq.heappop(self.heap)
            if kind is Kind.SOAKED:
                self.soaked(now, which)
            elif kind is Kind.OFFERED:
                self.offer(now, which)
            elif self.answer(now, which):
                return Outcome(stopped=True, offered=self.offered, times=self.times)
            if self.judge(now):
                return Outcome(stopped=True, offered=self.offered, times=self.times)
            if self.is_over():
                break
        return Outcome(stopped=False, offered=self.offered, times=self.times)

    def open_stage(self, now: float) -> None:
        """Let the agents of the next stage go; they poll within one interval."""
        stage = self.rules.stages[self.stage]
        self.stage += 1
        self.good_since = None
        wanted = self.agents
        if stage.percent is not None:
            wanted = share(stage.percent, self.agents)
        elif stage.agents is not None:
            wanted = min(stage.agents, self.agents)
        for agent in range(self.chosen, wanted):
            self.push(now + self.random.random() * POLL, Kind.OFFERED, agent)
        self.counts["waiting"] += max(0, wanted - self.chosen)
        self.chosen = max(self.chosen, wanted)

    def offer(self, now: float, agent: int) -> None:
        """The agent begins to install."""
        self.move("waiting", "busy")
        self.offered += 1
        self.push(now + self.random.expovariate(1 / INSTALLS), Kind.ANSWERED, agent)

    def answer(self, now: float, agent: int) -> bool:
        """The agent tells how it fared; whether that stops the roll-out."""
        tried = self.failures.get(agent, 0)
        before = "bad" if tried else "busy"
        if self.succeeds(agent, tried):
            self.move(before, "good")
            self.times.append(now)
            return False
        self.failures[agent] = tried + 1
        backoff = 60 * min(2 ** min(tried, 10), MAX_BACKOFF)
        self.push(now + backoff + self.random.expovariate(1 / INSTALLS), Kind.ANSWERED, agent)
        if before == "bad":
            return False
        self.move("busy", "bad")
        return brakes(self.rules, self.counts["bad"], self.offered)

    def succeeds(self, agent: int, tried: int) -> bool:
        """Whether this try installs the version."""
        if self.is_broken[agent]:
            return False
        return self.random.random() < (RETRY_SUCCEEDS if tried else 1 - self.fails)

    def judge(self, now: float) -> bool:
        """Begin to soak, or stop doing so; whether all have answered and too few are good."""
        if self.rules.is_last(self.stage) and not self.is_over():
            return False
        stands = gate(self.rules, Tally(offered=self.offered, **self.counts))
        if stands is Gate.GOOD and self.good_since is None and not self.rules.is_last(self.stage):
            self.good_since = now
            self.push(now + self.rules.soak_of(self.stage), Kind.SOAKED, self.stage)
        elif stands is not Gate.GOOD:
            self.good_since = None
        return stands is Gate.SHORT

    def soaked(self, now: float, stage: int) -> None:
        """Open the next stage if all was well since."""
        if stage == self.stage and self.good_since is not None:
            if now - self.good_since >= self.rules.soak_of(stage):
                self.open_stage(now)
            else:
                self.push(self.good_since + self.rules.soak_of(stage), Kind.SOAKED, stage)

    def is_over(self) -> bool:
        """Whether everyone has answered; those that are bad by then try for ever."""
        return self.rules.is_last(self.stage) and not self.counts["waiting"] and not self.counts["busy"]

    def move(self, before: str, after: str) -> None:
        """One agent fares otherwise."""
        self.counts[before] -= 1
        self.counts[after] += 1

    def push(self, at: float, kind: Kind, which: int) -> None:
        """Something will happen."""
        self.pushed += 1
        heapq.heappush(self.heap, (at, self.pushed, kind, which))
