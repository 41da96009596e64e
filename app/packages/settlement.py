"""Settlement: what else the commit that publishes a package settles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection

PackageRow = Any


class Settlement(Protocol):
    """What else the commit that publishes has to settle."""

    def lock(self, connection: Connection) -> None:
        """At the beginning of the transaction. May raise, which ends it."""

    def settle(self, connection: Connection, package: PackageRow, *, created: bool) -> None:
        """Once the package is there. `created`: by this transaction, or repaired by it."""

    def settle_alone(self, package: PackageRow) -> None:
        """In a transaction of its own: the package was there before, and stays as it is."""


class NothingElse:
    """A `Settlement` of nothing."""

    def lock(self, connection: Connection) -> None:
        """Nothing."""

    def settle(self, connection: Connection, package: PackageRow, *, created: bool) -> None:
        """Nothing."""

    def settle_alone(self, package: PackageRow) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class SentSignature:
    """A signature file that came in the package's own form."""

    file_name: str
    content: bytes


Beside = Callable[[Any, Sequence[SentSignature]], Settlement]
"""What the commit that publishes a new package has to keep of the signatures that came with it. May raise."""
