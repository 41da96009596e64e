"""The parts of signatures and policies, wired."""

from dataclasses import dataclass

from app.signatures.audit import SignatureAudit
from app.signatures.manager import SignatureManager
from app.signatures.policy_manager import FindAgents, PolicyManager
from app.signatures.policy_store import PolicyStore
from app.signatures.settling import Settler


@dataclass(frozen=True)
class SignatureServices:
    """The parts of signatures and policies."""

    manager: SignatureManager
    settler: Settler
    policies: PolicyManager
    audit: SignatureAudit

    @classmethod
    def of(cls, manager: SignatureManager, find_agents: FindAgents) -> "SignatureServices":
        """The parts around the one that publishing needs."""
        settler = Settler(PolicyStore(manager.store.database), manager.store)
        policies = PolicyManager(settler.policies, settler, find_agents)
        return cls(manager, settler, policies, SignatureAudit(settler))

    @property
    def found(self) -> tuple[object, ...]:
        """What handlers and commands find by class."""
        return self.manager, self.manager.store, self.audit, self.policies, self.policies.store
