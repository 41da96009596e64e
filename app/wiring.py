"""The one place where classes meet: configuration → storage → stores → managers."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Engine

from app.accounts.login_limit import LoginLimit
from app.accounts.manager import AccountManager
from app.accounts.passwords import Passwords
from app.accounts.store import AccountStore
from app.agents.listing import AgentListing
from app.agents.manager import AgentManager
from app.agents.store import AgentStore
from app.channels.store import ChannelStore, refuse_pinned
from app.config import Config
from app.database import Database
from app.database.engine import prepare
from app.database.model import db
from app.objects.ledger import Ledger
from app.objects.orphans import Orphans
from app.objects.reconcile import Reconciler
from app.offers.catalogue import Catalogue
from app.offers.manager import OfferManager
from app.packages.listing import PackageListing
from app.packages.manager import PackageManager
from app.packages.reader import PackageReader
from app.packages.scrub import Scrubber, ScrubLog
from app.packages.store import PackageStore
from app.storage.counted import CountedStorage
from app.storage.filesystem import FilesystemStorage
from app.storage.interface import Storage
from app.storage.s3.presign import Presigner, S3Presigner
from app.storage.s3.storage import MinioStorage
from app.telemetry import metrics

EXTENSION = "opamp-packages"


@dataclass(frozen=True)
class PackageServices:
    """All that the packages' handlers call."""

    store: PackageStore
    listing: PackageListing
    reader: PackageReader
    manager: PackageManager
    scrubber: Scrubber
    scrub_log: ScrubLog
    presigner: Presigner | None
    """None where the service sends the bytes itself."""


@dataclass(frozen=True)
class AgentServices:
    """All that the agents' handlers call."""

    listing: AgentListing
    manager: AgentManager


@dataclass(frozen=True)
class Services:
    """The service's parts, wired."""

    config: Config
    database: Database
    storage: Storage
    accounts: AccountManager
    packages: PackageServices
    reconciler: Reconciler
    orphans: Orphans
    channels: ChannelStore
    offers: OfferManager
    agents: AgentServices


def services() -> Services:
    """The parts of the app that serves this request."""
    return cast("Services", current_app.extensions[EXTENSION])


def wire(app: Flask, config: Config) -> Services:
    """Build the parts for `app` out of `config`; connects to nothing."""
    with app.app_context():
        parts = build(config, db.engine)
    app.extensions[EXTENSION] = parts
    return parts


def build(config: Config, engine: Engine) -> Services:
    """The parts on a given engine."""
    prepare(engine)
    database = Database(engine, on_error=metrics.count_database_error)
    store = PackageStore(database, refuse_delete=refuse_pinned)
    storage = CountedStorage(make_storage(config, store), metrics.count_storage_error)
    ledger = Ledger(database)
    catalogue = Catalogue(config.server.public_url)
    return Services(
        config=config,
        database=database,
        storage=storage,
        accounts=AccountManager(AccountStore(database), LoginLimit(database), Passwords(), config.jwt.duration),
        packages=build_packages(store, ledger, storage, make_presigner(config)),
        reconciler=Reconciler(ledger, storage, config.packages.upload_timeout),
        orphans=Orphans(ledger, storage),
        channels=ChannelStore(database),
        offers=OfferManager(database, catalogue),
        agents=build_agents(config, database, catalogue),
    )


def build_packages(
    store: PackageStore, ledger: Ledger, storage: Storage, presigner: Presigner | None
) -> PackageServices:
    """The packages' parts."""
    reader = PackageReader(store, storage)
    return PackageServices(
        store=store,
        listing=PackageListing(store.database),
        reader=reader,
        manager=PackageManager(store, ledger, storage),
        scrubber=Scrubber(reader),
        scrub_log=ScrubLog(store.database),
        presigner=presigner,
    )


def build_agents(config: Config, database: Database, catalogue: Catalogue) -> AgentServices:
    """The agents' parts."""
    return AgentServices(
        listing=AgentListing(database, config.server.public_url, config.agents.polling_interval),
        manager=AgentManager(AgentStore(database, catalogue), config.agents.retention),
    )


def make_storage(config: Config, store: PackageStore) -> Storage:
    """The backend that the configuration asks for; connects to nothing.

    A bucket that is absent while there are packages was lost: it is never made anew as if nothing had been in it.
    """
    if config.storage.backend == "filesystem":
        return FilesystemStorage(config.storage.root, may_create=store.is_empty)
    return MinioStorage.from_config(config.minio, may_create=store.is_empty)


def make_presigner(config: Config) -> Presigner | None:
    """What signs the URLs that clients (`redirect`) or nginx (`accel`) fetch packages from."""
    match config.packages.delivery:
        case "redirect":
            return S3Presigner(config.minio.public_endpoint or config.minio.endpoint, config.minio)
        case "accel":
            return S3Presigner(config.minio.endpoint, config.minio)
    return None
