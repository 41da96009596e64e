"""Composition root: the one place where classes meet. Configuration → storage → stores → managers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import Flask
from sqlalchemy import Engine

from app.accounts.login_limit import LoginLimit
from app.accounts.manager import AccountManager
from app.accounts.passwords import Passwords
from app.accounts.sessions import SessionStore
from app.accounts.store import AccountStore
from app.accounts.token_cache import TokenCache
from app.agents.counting import AgentCounts
from app.agents.figures import AgentFigures
from app.agents.listing import POLLS_UNTIL_OFFLINE, AgentListing
from app.agents.manager import RETENTION_LOCK, AgentManager
from app.agents.planning import ChannelPlanner
from app.agents.store import AgentStore
from app.backends import make_presigner, make_storage
from app.channels.store import ChannelStore, refuse_pinned
from app.config import Config
from app.database import Database
from app.database.engine import Session
from app.database.model import db
from app.http.services import install
from app.objects.identity import StorageIdentity
from app.objects.identity_row import IdentityRow
from app.objects.ledger import Ledger
from app.objects.orphans import Orphans
from app.objects.owned_storage import OwnedStorage
from app.objects.reconcile import RECONCILE_LOCK, Reconciler
from app.offers.catalogue import Catalogue
from app.offers.manager import OfferManager
from app.offers.store import VERSION
from app.operations.background import Job
from app.operations.health import Part, Readiness
from app.operations.metrics_endpoint import DatabaseGauges, OpenUploads
from app.packages.listing import PackageListing
from app.packages.manager import PackageManager
from app.packages.names import PackageNames
from app.packages.reader import PackageReader
from app.packages.releases import ReleaseStore
from app.packages.schemas import PackageJson
from app.packages.scrub import Scrubber, ScrubLog
from app.packages.sending import PackageSender
from app.packages.store import PackageStore
from app.rollouts.editions import lower_before_activation
from app.rollouts.parts import PLACES_LOCK, RolloutServices, Times, build_rollouts
from app.signatures.manager import SignatureManager
from app.signatures.services import SignatureServices
from app.signatures.settlement import Beside
from app.signatures.store import SignatureStore
from app.storage.counted import CountedStorage
from app.storage.failure_log import FailureLog
from app.storage.interface import Storage
from app.telemetry import metrics
from app.uploads.listing import UploadListing
from app.uploads.manager import UploadManager
from app.uploads.store import UploadStore
from app.uploads.takeover import UploadClaims
from app.wiring_reads import page_reads

EXTENSION = "opamp-packages"


@dataclass(frozen=True)
class PackageServices:
    """The parts of packages."""

    store: PackageStore
    releases: ReleaseStore
    listing: PackageListing
    names: PackageNames
    reader: PackageReader
    manager: PackageManager
    sender: PackageSender
    to_json: PackageJson
    scrubber: Scrubber
    scrub_log: ScrubLog


@dataclass(frozen=True)
class AgentServices:
    """The parts of agents."""

    listing: AgentListing
    manager: AgentManager
    views: tuple[object, ...]


@dataclass(frozen=True)
class UploadServices:
    """The parts of uploads in pieces."""

    listing: UploadListing
    manager: UploadManager


@dataclass(frozen=True)
class Services:
    """The service's parts, wired."""

    config: Config
    database: Database
    storage: Storage
    identity: StorageIdentity
    accounts: AccountManager
    sessions: SessionStore
    packages: PackageServices
    reconciler: Reconciler
    orphans: Orphans
    channels: ChannelStore
    offers: OfferManager
    agents: AgentServices
    uploads: UploadServices
    signatures: SignatureServices
    rollouts: RolloutServices
    readiness: Readiness
    jobs: Sequence[Job]


def wire(app: Flask, config: Config, session: Session) -> Services:
    """Build the parts for `app` out of `config`, and let handlers and commands find them; connects to nothing."""
    with app.app_context():
        parts = build(config, db.engine, session)
    app.extensions[EXTENSION] = parts
    install(app, found_by_class(parts))
    return parts


def wired(app: Flask) -> Services:
    """The parts of `app`."""
    return cast("Services", app.extensions[EXTENSION])


def found_by_class(parts: Services) -> list[object]:
    """What app.http.services.get hands to handlers and commands."""
    packages, agents = parts.packages, parts.agents
    return [
        *(parts.config, parts.database, parts.identity, parts.readiness),
        *(parts.accounts, parts.accounts.store, parts.sessions, TokenCache()),
        *(packages.store, packages.releases, packages.listing, packages.names, packages.manager, packages.sender),
        *(packages.to_json, packages.scrubber, packages.scrub_log, parts.reconciler, parts.orphans),
        OpenUploads(parts.uploads.manager.store.count_open),
        *(parts.uploads.listing, parts.uploads.manager, parts.uploads.manager.store),
        *(parts.rollouts.listing, parts.rollouts.insight, parts.rollouts.actions),
        DatabaseGauges(parts.rollouts.gauges.text),
        *parts.signatures.found,
        *(parts.channels, parts.offers, agents.listing, agents.manager, agents.manager.store, *agents.views),
        *page_reads(parts.database, parts.config.agents.polling_interval),
    ]


def build(config: Config, engine: Engine, session: Session) -> Services:
    """The parts on a given engine."""
    database = Database(engine, on_error=metrics.count_database_error, session=session)
    signatures = SignatureManager(SignatureStore(database))
    store = PackageStore(database, refuse_pinned, Beside(signatures), lower_before_activation)
    beneath = make_storage(config, store)
    identity = StorageIdentity(IdentityRow(database), beneath, store.newest_object)
    failures = FailureLog(beneath.location) if session is Session.SERVICE else None
    storage = CountedStorage(OwnedStorage(beneath, identity), metrics.count_storage_error, failures)
    ledger = Ledger(database)
    catalogue = Catalogue(config.server.public_url)
    uploads = UploadStore(database, config.packages.upload_expiry)
    reconciler = Reconciler(ledger, storage, config.packages.upload_timeout, counted_expiry(uploads))
    agents = build_agents(config, database, catalogue)
    trust = SignatureServices.of(signatures, agents.listing.having)
    packages = build_packages(config, store, ledger, storage, identity)
    rollouts = build_rollouts(database, Times.of(config, POLLS_UNTIL_OFFLINE), VERSION)
    return Services(
        config=config,
        database=database,
        storage=storage,
        identity=identity,
        accounts=AccountManager(AccountStore(database), LoginLimit(database), Passwords(), config.jwt.duration),
        sessions=SessionStore(database, config.jwt.duration),
        packages=packages,
        uploads=build_uploads(uploads, packages.manager, storage),
        reconciler=reconciler,
        orphans=Orphans(ledger, storage),
        channels=ChannelStore(database),
        offers=OfferManager(database, catalogue),
        agents=agents,
        signatures=trust,
        rollouts=rollouts,
        readiness=Readiness([Part("database", database.ping), Part("storage", storage.ping)]),
        jobs=(
            Job("reconcile", RECONCILE_LOCK, reconciler.run),
            Job("remove silent agents", RETENTION_LOCK, agents.manager.remove_silent),
            Job("remove old places", PLACES_LOCK, rollouts.old_places.remove),
        ),
    )


def build_packages(
    config: Config, store: PackageStore, ledger: Ledger, storage: Storage, identity: StorageIdentity
) -> PackageServices:
    """The packages' parts."""
    reader = PackageReader(store, storage)
    releases = ReleaseStore(store.database, store.refuse_delete, store.before_activation)
    return PackageServices(
        store=store,
        releases=releases,
        listing=PackageListing(store.database),
        names=PackageNames(store.database),
        reader=reader,
        manager=PackageManager(store, releases, ledger, storage, identity.require_ours),
        sender=PackageSender(reader, make_presigner(config, storage), config.packages.delivery),
        to_json=PackageJson(storage.location, config.server.public_url),
        scrubber=Scrubber(reader),
        scrub_log=ScrubLog(store.database),
    )


def counted_expiry(store: UploadStore) -> Callable[[timedelta | None], int]:
    """`UploadStore.expire`, counted in the metrics."""

    def expire(idle_for: timedelta | None) -> int:
        expired = store.expire(idle_for)
        metrics.count_upload("expired", expired)
        return expired

    return expire


def build_uploads(store: UploadStore, packages: PackageManager, storage: Storage) -> UploadServices:
    """The parts of uploads in pieces, which both backends are able to keep."""
    resumption = storage.resumption()
    if resumption is None:
        raise TypeError(f"{storage.name} cannot go on with objects")
    manager = UploadManager(store, UploadClaims(store.database), packages, resumption, metrics.count_upload)
    return UploadServices(UploadListing(store.database), manager)


def build_agents(config: Config, database: Database, catalogue: Catalogue) -> AgentServices:
    """The agents' parts."""
    store = AgentStore(database, catalogue, POLLS_UNTIL_OFFLINE * config.agents.polling_interval)
    listing = AgentListing(database, config.server.public_url, config.agents.polling_interval)
    planner = ChannelPlanner(database, config.server.public_url)
    views = (planner, AgentCounts(listing), AgentFigures(database, catalogue))
    return AgentServices(listing, AgentManager(store, config.agents.retention), views)
