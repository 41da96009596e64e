"""Package states of an agent: what it reports, compared with what it was offered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.agents.report import ReportedPackage
from app.offers.offer import Offer

MAX_BACKOFF = 60
"""Minutes."""

WORKING = ("installing", "downloading")


@dataclass(frozen=True, slots=True)
class PackageState:
    """A package of an agent; the fields are the columns of app.agents.models.AgentPackage."""

    name: str
    status: str
    version: str | None = None
    has_hash: bytes | None = None
    error: str | None = None
    offered_version: str | None = None
    offered_hash: bytes | None = None
    failures: int = 0
    retry_at: datetime | None = None

    @property
    def is_installed(self) -> bool:
        """Whether the agent has just what it was offered."""
        return self.offered_hash is not None and self.has_hash == self.offered_hash

    @property
    def is_on_agent(self) -> bool:
        """Whether the agent has some version of it."""
        return bool(self.has_hash or self.version) or self.status == "installed"


Packages = Mapping[str, PackageState]


def backoff(failures: int) -> timedelta:
    """How long a package is not offered again after its so many-th failure: 1, 2, 4 … 60 minutes."""
    return timedelta(minutes=min(2 ** min(failures - 1, 10), MAX_BACKOFF))


def after_report(
    known: Packages, statuses: Mapping[str, ReportedPackage], offer_is_named: bool, now: datetime
) -> dict[str, PackageState]:
    """The packages after a report. It is complete: what it leaves out is gone, or still to come if it was offered.

    `offer_is_named`: the report speaks of the offer that was sent last.
    """
    packages = {
        name: _evaluated(known.get(name, PackageState(name, "pending")), reported, offer_is_named, now)
        for name, reported in statuses.items()
    }
    for name, package in known.items():
        if name not in packages and package.offered_hash is not None:
            packages[name] = _pending(package)
    return packages


def _pending(package: PackageState) -> PackageState:
    return PackageState(
        package.name, "pending", offered_version=package.offered_version, offered_hash=package.offered_hash
    )


def _evaluated(known: PackageState, reported: ReportedPackage, offer_is_named: bool, now: datetime) -> PackageState:
    """What the agent has is told by its hash alone; its other words count only for the offer that they are about."""
    package = replace(known, version=reported.version or None, has_hash=reported.has_hash or None)
    if package.offered_hash is None:
        return _unoffered(package, reported)
    if package.is_installed:
        return _settled(package, "installed")
    about_it = reported.offered_hash == package.offered_hash or (offer_is_named and not reported.offered_hash)
    if not about_it or reported.status == "installed":
        return replace(package, status="pending", error=None, retry_at=None)
    if reported.status == "failed":
        return _failed(package, known, reported.error, now)
    return replace(package, status=reported.status, error=None, retry_at=None)


def _unoffered(package: PackageState, reported: ReportedPackage) -> PackageState:
    """A package that this service has not offered: the agent's own word."""
    has_it = bool(reported.has_hash or reported.version)
    stale = reported.status == "failed" and has_it and reported.has_hash == reported.offered_hash
    if reported.status == "installed" or stale:
        return _settled(package, "installed" if has_it else "pending")
    return replace(package, status=reported.status, error=reported.error or None, failures=0, retry_at=None)


def _settled(package: PackageState, status: str) -> PackageState:
    return replace(package, status=status, error=None, failures=0, retry_at=None)


def _failed(package: PackageState, known: PackageState, error: str, now: datetime) -> PackageState:
    """A failure, or one that is told again: a new one counts, and is offered again the later."""
    package = replace(package, status="failed", error=error or None)
    if known.status == "failed" and known.retry_at is not None:
        return package
    failures = known.failures + 1
    return replace(package, failures=failures, retry_at=now + backoff(failures))


def after_offer(known: Packages, offer: Offer) -> dict[str, PackageState]:
    """The packages once `offer` is sent: each is awaited in the offered form, unless the agent has it."""
    offered = {package.name: package for package in offer.packages}
    packages = {
        name: replace(package, offered_version=None, offered_hash=None, failures=0, retry_at=None)
        for name, package in known.items()
        if name not in offered and (package.is_on_agent or package.offered_hash is None)
    }
    for name, wanted in offered.items():
        package = known.get(name, PackageState(name, "pending"))
        if package.offered_hash == wanted.hash:
            packages[name] = replace(package, retry_at=None)
            continue
        package = replace(package, offered_version=wanted.version, offered_hash=wanted.hash)
        packages[name] = _settled(package, "installed" if package.is_installed else "pending")
    return packages
