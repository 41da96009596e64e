"""Builds OpAMP's PackagesAvailable out of offers, with a download token for each file."""

from typing import Any

from app.accounts.caller import Caller, FileScope
from app.accounts.tokens import encode_file
from app.database import Database
from app.offers.catalogue import Catalogue
from app.offers.offer import Offer, OfferedPackage, all_packages_hash
from app.offers.protobuf import opamp

PACKAGE_TYPES = {"top_level": opamp.PackageType_TopLevel, "addon": opamp.PackageType_Addon}


class OfferManager:
    """Makes offers."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self.database = database
        self.catalogue = catalogue

    def offer(self, attributes: dict[str, Any]) -> Offer | None:
        """What an agent with these attributes should have; None where no channel fits. Raises DatabaseUnavailable."""
        with self.database.reading() as connection:
            return self.catalogue.offer_now(connection, attributes)


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
