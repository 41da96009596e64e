"""One simulated staged roll-out, event by event: stages, gate and brake are the service's own functions.

What else it takes for given is in the constants below.
"""

import heapq
import math
import random
from dataclasses import dataclass

from app.rollouts.brake import Gate, Tally, brakes, gate, share
from app.rollouts.policy import Policy

POLL = 60.0
"""Seconds between an agent's polls: it is offered the version at its next one after it was let go."""

INSTALLS = 30.0
"""Seconds until it tells how it fared, on average (exponential)."""

RETRY_SUCCEEDS = 0.9
"""The share of retries that succeed where the version is good for the agent."""

MAX_BACKOFF = 60
"""Minutes."""


@dataclass(frozen=True)
class Outcome:
    """How a roll-out ended: `offered` agents had been offered the version; `times` are when agents became good."""

    stopped: bool
    offered: int
    times: list[float]
    """Seconds, ascending."""


class Rollout:
    """One roll-out to `agents`, of which the share `defects` can never install the version."""

    def __init__(self, rules: Policy, agents: int, defects: float, first_try_fails: float, seed: int) -> None:
        self.rules = rules
        self.agents = agents
        self.defects = defects
        self.fails = first_try_fails
        self.random = random.Random(seed)
        self.busy = self.good = self.bad = self.offered = 0
        self.stage = 0
        self.good_since = math.inf
        self.times: list[float] = []
        self.offers: list[float] = []
        """When those that were let go poll next, the last one first."""
        self.answers: list[tuple[float, int, bool]] = []
        """A heap: when an agent answers, how often it has failed before, whether the version is broken for it."""

    def run(self) -> Outcome:
        """From the first stage until it is stopped, or everyone has answered; those that are bad then try for ever."""
        self.open_stage(0.0)
        stopped = False
        while not stopped and (not self.rules.is_last(self.stage) or self.offers or self.busy):
            stopped = self.next_event()
        return Outcome(stopped, self.offered, self.times)

    def next_event(self) -> bool:
        """What happens next; whether it stops the roll-out."""
        offer = self.offers[-1] if self.offers else math.inf
        answer = self.answers[0][0] if self.answers else math.inf
        soaked = self.good_since + self.rules.soak_of(self.stage)
        if soaked <= min(offer, answer):
            self.open_stage(soaked)
            return self.judge(soaked)
        if offer <= answer:
            self.offer(self.offers.pop())
            return False
        return self.answer(*heapq.heappop(self.answers)) or self.judge(answer)

    def open_stage(self, now: float) -> None:
        """Let the agents of the next stage go; they poll within one interval."""
        stage = self.rules.stages[self.stage]
        self.stage += 1
        self.good_since = math.inf
        wanted = self.agents
        if stage.percent is not None:
            wanted = share(stage.percent, self.agents)
        elif stage.agents is not None:
            wanted = min(stage.agents, self.agents)
        new = range(max(0, wanted - self.offered - len(self.offers)))
        polls = [now + self.random.random() * POLL for _ in new]
        self.offers = sorted([*self.offers, *polls], reverse=True)

    def offer(self, now: float) -> None:
        """An agent begins to install."""
        self.busy += 1
        self.offered += 1
        self.answers_after(now, 0, is_broken=self.random.random() < self.defects)

    def answer(self, now: float, tried: int, is_broken: bool) -> bool:
        """An agent tells how it fared; whether that stops the roll-out."""
        succeeds = not is_broken and self.random.random() < (RETRY_SUCCEEDS if tried else 1 - self.fails)
        if tried:
            self.bad -= 1
        else:
            self.busy -= 1
        if succeeds:
            self.good += 1
            self.times.append(now)
            return False
        self.bad += 1
        self.answers_after(now + 60 * min(2 ** min(tried, 10), MAX_BACKOFF), tried + 1, is_broken=is_broken)
        return not tried and brakes(self.rules, self.bad, self.offered)

    def answers_after(self, moment: float, tried: int, *, is_broken: bool) -> None:
        """Some time after this moment."""
        heapq.heappush(self.answers, (moment + self.random.expovariate(1 / INSTALLS), tried, is_broken))

    def judge(self, now: float) -> bool:
        """Begin to soak, or stop doing so; whether all have answered and too few are good."""
        if self.rules.is_last(self.stage) and (self.offers or self.busy):
            return False
        stands = gate(self.rules, Tally(len(self.offers), self.busy, self.good, self.bad, self.offered))
        if stands is not Gate.GOOD or self.rules.is_last(self.stage):
            self.good_since = math.inf
        elif self.good_since == math.inf:
            self.good_since = now
        return stands is Gate.SHORT
