"""Delivery: under which name and version an agent sees a package of its channel, and with which signature."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.channels.models import TYPES
from app.offers.offer import package_hash
from app.packages.links import file_path
from app.packages.store import PackageRow
from app.trust.cosign import short_form

COSIGN = "cosign"

_USES = text(
    """
    SELECT DISTINCT name, signature, seen_as, version_as FROM channel_packages
    WHERE name = ANY(:names) AND (signature IS NOT NULL OR seen_as IS NOT NULL OR version_as IS NOT NULL)
    """
)
_SIGNATURES = text("SELECT package_id, format, content FROM signatures WHERE package_id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel says of how one of its packages is told to agents; None: as the package is."""

    signature: str | None = None
    seen_as: str | None = None
    version_as: str | None = None

    def name(self, own: str) -> str:
        """The name that agents see."""
        return own if self.seen_as is None else self.seen_as

    def version(self, own: str) -> str:
        """The version that agents see."""
        return own if self.version_as is None else self.version_as.replace("{version}", own.removeprefix("v"))

    def told(self, signature: bytes | None) -> bytes:
        """The signature's bytes as agents get them; none where none is asked for."""
        if signature is None or self.signature is None:
            return b""
        return short_form(bytes(signature)) if self.signature == COSIGN else bytes(signature)


AS_IT_IS = Delivery()


def deliveries(packages: Sequence[Mapping[str, Any]]) -> dict[str, Delivery]:
    """What a channel's packages, as a body has them, say of their delivery, by their names."""
    names = ("signature", "seen_as", "version_as")
    return {package["name"]: Delivery(*(package.get(name) for name in names)) for package in packages}


def delivery_hash(delivery: Delivery, package: PackageRow, type_: str, url: str, signature: bytes) -> bytes:
    """The hash of a package that is offered so: without a word of delivery, what it was before there were any."""
    signed = (hashlib.sha256(signature).hexdigest(),) if signature else ()
    return package_hash(
        delivery.name(package.name), type_, delivery.version(package.version), package.checksum, url, *signed
    )


def known_hashes(connection: Connection, packages: Sequence[PackageRow], public_url: str) -> list[bytes]:
    """The hashes under which offers name these files, in any channel of now and of any type. Two queries."""
    uses = connection.execute(_USES, {"names": sorted({package.name for package in packages})}).all()
    ids = [package.id for package in packages] if any(use.signature for use in uses) else []
    signatures = connection.execute(_SIGNATURES, {"ids": ids}).all() if ids else []
    return [each for package in packages for each in _hashes(package, uses, signatures, public_url)]


def _hashes(package: PackageRow, uses: Sequence[Any], signatures: Sequence[Any], public_url: str) -> list[bytes]:
    path = file_path(package.name, package.version, package.platform, package.arch, package.file_name)
    url = public_url.rstrip("/") + path
    own = [Delivery(use.signature, use.seen_as, use.version_as) for use in uses if use.name == package.name]
    told = {b"", *(b for use in own for b in _told(use, package, signatures))}
    return [
        delivery_hash(delivery, package, type_, url, signature)
        for delivery in (AS_IT_IS, *own)
        for type_ in TYPES
        for signature in (told if delivery.signature else (b"",))
    ]


def _told(delivery: Delivery, package: PackageRow, signatures: Sequence[Any]) -> list[bytes]:
    wanted = "sigstore" if delivery.signature == COSIGN else delivery.signature
    mine = [each.content for each in signatures if each.package_id == package.id and each.format == wanted]
    return [delivery.told(content) for content in mine]
