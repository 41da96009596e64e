"""Builds OpAMP's PackagesAvailable out of offers, with a download token for each file."""

from typing import Any
from uuid import UUID

from app.accounts.caller import Caller, FileScope
from app.accounts.tokens import encode_file
from app.database import Database
from app.offers.catalogue import Catalogue
from app.offers.offer import Offer, OfferedPackage, all_packages_hash
from app.offers.protobuf import opamp
from app.rollouts.places import edition_of

PACKAGE_TYPES = {"top_level": opamp.PackageType_TopLevel, "addon": opamp.PackageType_Addon}


class OfferManager:
    """Makes offers."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self.database = database
        self.catalogue = catalogue

    def offer(self, attributes: dict[str, Any], instance_uid: UUID | None = None) -> Offer | None:
        """What an agent with these attributes should have; None where no channel fits. Raises DatabaseUnavailable.

        `instance_uid`: of an agent that is known, by the edition that it was given; else by the stable one.
        """
        with self.database.reading() as connection:
            choice = self.catalogue.choice_now(connection, attributes)
            if choice is None:
                return None
            edition = choice.rule.stable_id
            if edition is not None and instance_uid is not None:
                edition = edition_of(connection, choice.rule.name, instance_uid) or edition
            return choice.offer(edition)


def packages_available(offer: Offer | None, issuer: Caller) -> Any:
    """The offer as a PackagesAvailable, with tokens that end with the issuer's; empty where no channel fits."""
    if offer is None:
        return opamp.PackagesAvailable(all_packages_hash=all_packages_hash(()))
    packages = {package.name: _package_available(package, issuer) for package in offer.packages}
    return opamp.PackagesAvailable(packages=packages, all_packages_hash=offer.hash)


def _package_available(package: OfferedPackage, issuer: Caller) -> Any:
    token = encode_file(issuer, FileScope.of(package.package_id, package.checksum, package.path))
    headers = opamp.Headers(headers=[opamp.Header(key="Authorization", value=f"Bearer {token}")])
    content_hash = bytes.fromhex(package.checksum)
    file = opamp.DownloadableFile(
        download_url=package.url, content_hash=content_hash, headers=headers, signature=package.signature
    )
    type_ = PACKAGE_TYPES[package.type]
    return opamp.PackageAvailable(type=type_, version=package.version, file=file, hash=package.hash)
