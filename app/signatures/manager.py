"""Signature manager: reads signature files, has them judged, and keeps them beside their package."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from app.accounts.caller import Caller
from app.errors import Invalid
from app.packages.settlement import SentSignature
from app.packages.store import PackageRow
from app.signatures.store import NewSignature, SignatureRow, SignatureStore
from app.signatures.verdicts import judged, signed_package
from app.trust.formats import MAX_SIZE, RAW, SUFFIXES, SignatureFile, read_signature
from app.trust.signers import SignedPackage
from app.trust.strict_json import Malformed


class SignatureManager:
    """Adds signatures to packages."""

    def __init__(self, store: SignatureStore) -> None:
        self.store = store

    def add(
        self, package: PackageRow, content: bytes, by: Caller, *, suffix: str | None = None, may_be_raw: bool = False
    ) -> tuple[SignatureRow, bool]:
        """Keep a signature of the package; returns it and whether it is new.

        `suffix`: the format that it must have. Raises Invalid, PackageNotFound, TooManySignatures.
        """
        file = read(content, package.checksum, suffix=suffix, may_be_raw=may_be_raw)
        return self.store.add(package.id, self.judged(file, signed_package(package), by))

    def read_all(self, checksum: str, sent: Sequence[SentSignature]) -> Sequence[SignatureFile]:
        """The signature files that came with a package. Raises Invalid with all that is wrong."""
        errors, files = {}, []
        for each in sent:
            try:
                files.append(read(each.content, checksum, suffix=suffix_of(each.file_name)))
            except Invalid as error:
                errors[f"signature {each.file_name}"] = error.errors["signature"]
        if errors:
            raise Invalid(errors)
        return files

    def judged(self, file: SignatureFile, package: SignedPackage, by: Caller) -> NewSignature:
        """The signature as it is to be kept, with what it is to the policies of now."""
        policies = self.store.policies_for(package.name)
        judgement = judged(file, package, policies, datetime.now(UTC))
        return NewSignature(file, hashlib.sha256(file.content).hexdigest(), judgement, by.username)


def suffix_of(file_name: str) -> str:
    """The suffix that says which format a file has. Raises Invalid if it has none."""
    found = next((suffix for suffix in SUFFIXES if file_name.endswith(suffix)), None)
    if found is None:
        raise Invalid({"signature": [f"The file name must end in one of {', '.join(SUFFIXES)}."]})
    return found


def read(content: bytes, checksum: str, *, suffix: str | None = None, may_be_raw: bool = False) -> SignatureFile:
    """The signature file. Raises Invalid: also where the suffix promises another format."""
    if not 1 <= len(content) <= MAX_SIZE:
        raise Invalid({"signature": [f"Must be 1 byte to {MAX_SIZE} bytes."]})
    wanted = None if suffix is None else SUFFIXES[suffix]
    try:
        file = read_signature(content, checksum, may_be_raw=may_be_raw or wanted == RAW)
    except Malformed as error:
        raise Invalid({"signature": [str(error)]}) from error
    if wanted not in (None, RAW, file.format):
        raise Invalid({"signature": [f"A file that ends in {suffix} must be {wanted}; this one is {file.format}."]})
    return file
