"""Policy manager: changes policies so that nothing is offered after the answer that those in force do not allow."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import deadline
from app.packages.store import PackageRow
from app.signatures.models import ENFORCE
from app.signatures.policy_store import FieldsRow, PolicyFields, PolicyStore, Precondition
from app.signatures.settling import AT_ONCE, BATCH, Settler
from app.signatures.verdicts import accepted_by, signed_package
from app.trust.formats import SignatureFile, read_signature
from app.trust.strict_json import Malformed

BUDGET = 300.0
"""Seconds that a change may wait for PostgreSQL: it writes a row for each package whose trust changes."""

SHOWN = 100
"""Packages of a plan that are shown."""

FindAgents = Callable[[Sequence[PackageRow]], set[UUID]]
"""The agents that have one of these packages installed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a policy would block: how many packages, the first of them, the agents that have one.

    Not `is_complete`: there was no time to look at all.
    """

    blocked: int = 0
    packages: Sequence[PackageRow] = ()
    having: frozenset[UUID] = frozenset()
    is_complete: bool = True

    @property
    def agents(self) -> int:
        """How many agents have one."""
        return len(self.having)


class PolicyManager:
    """Changes policies, and tells what a change would block."""

    def __init__(self, store: PolicyStore, settler: Settler, find_agents: FindAgents) -> None:
        self.store = store
        self.settler = settler
        self._find_agents = find_agents

    def put(self, name: str, fields: PolicyFields, allows: Precondition) -> tuple[FieldsRow, bool]:
        """Make the policy what `fields` say, and give packages the state that it asks for; whether it is new.

        Raises PreconditionFailed, Unavailable: then the rest is done in the background.
        """
        with deadline.budget(BUDGET):
            policy, created = self.store.put(name, fields, allows)
            self.settler.settle(policy)
            return policy, created

    def delete(self, name: str, allows: Precondition) -> None:
        """Remove the policy. Raises PolicyNotFound, PreconditionFailed; Unavailable: it is off, delete it again."""
        with deadline.budget(BUDGET):
            policy = self.store.retire(name, allows)
            self.settler.settle(policy, 0)
            self.store.remove(policy)

    def plan(self, fields: PolicyFields) -> Plan:
        """What this policy would block by itself, after 10 s what was found by then."""
        until = time.monotonic() + AT_ONCE
        plan = Plan()
        with deadline.budget(BUDGET):
            patterns = fields.name_patterns if fields.mode == ENFORCE else []
            for ids in self.store.matching(patterns, BATCH):
                plan = self._further(plan, fields, self.store.packages(ids), until)
                if not plan.is_complete:
                    break
        return plan

    def _further(self, plan: Plan, fields: PolicyFields, packages: Sequence[PackageRow], until: float) -> Plan:
        """The plan with these packages, as far as there is time: one may have signatures for seconds."""
        unsatisfied: list[PackageRow] = []
        is_complete = True
        for package in packages:
            if time.monotonic() >= until:
                is_complete = False
                break
            if not self._satisfies(fields, package):
                unsatisfied.append(package)
        shown = [*plan.packages, *unsatisfied[: SHOWN - len(plan.packages)]]
        # An agent may have packages of several batches.
        having = plan.having | self._find_agents(unsatisfied)
        return Plan(plan.blocked + len(unsatisfied), shown, having, is_complete)

    def _satisfies(self, fields: PolicyFields, package: PackageRow) -> bool:
        if not package.has_signatures:
            return False
        facts = signed_package(package)
        return any(accepted_by(fields.signers, file, facts, came) for file, came in self._files(package))

    def _files(self, package: PackageRow) -> Iterator[tuple[SignatureFile, datetime]]:
        for signature in self.settler.signatures.contents(package.id):
            try:
                file = read_signature(bytes(signature.content), package.checksum, may_be_raw=True)
            except Malformed:
                continue
            yield file, signature.created_at
