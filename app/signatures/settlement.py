"""Settlement of the signatures that come in a package's own form: all are kept by its commit, or nothing is."""

from collections.abc import Sequence

from sqlalchemy import Connection

from app.accounts.caller import Caller
from app.packages.settlement import SentSignature
from app.packages.store import NewPackage, PackageRow
from app.signatures.manager import SignatureManager
from app.signatures.store import NewSignature, insert_all
from app.signatures.verdicts import signed_new_package, signed_package
from app.trust.formats import SignatureFile
from app.trust.signers import SignedPackage


class SignatureSettlement:
    """Signatures that came with a package, kept by the commit that publishes it. See `Settlement`."""

    def __init__(
        self, manager: SignatureManager, files: Sequence[SignatureFile], package: SignedPackage, by: Caller
    ) -> None:
        self._manager = manager
        self._files = files
        self._by = by
        self._package = package
        self._judged = [manager.judged(file, package, by) for file in files]

    def lock(self, connection: Connection) -> None:
        """Nothing."""

    def settle(self, connection: Connection, package: PackageRow, *, created: bool) -> None:  # noqa: ARG002
        """Raises TooManySignatures."""
        insert_all(connection, package.id, self._for(package))

    def settle_alone(self, package: PackageRow) -> None:
        """Raises TooManySignatures, PackageNotFound."""
        self._manager.store.add_all(package.id, self._for(package))

    def _for(self, package: PackageRow) -> Sequence[NewSignature]:
        """The signatures, judged again where the package that was there before has another file name."""
        there = signed_package(package)
        if there == self._package:
            return self._judged
        return [self._manager.judged(file, there, self._by) for file in self._files]


class Beside:
    """Makes the settlement of the signatures that came with a package."""

    def __init__(self, manager: SignatureManager) -> None:
        self._manager = manager

    def __call__(self, package: NewPackage, sent: Sequence[SentSignature]) -> SignatureSettlement:
        """What the commit that publishes `package` is to keep beside it. Raises Invalid."""
        files = self._manager.read_all(package.checksum, sent)
        return SignatureSettlement(self._manager, files, signed_new_package(package), package.publisher)
