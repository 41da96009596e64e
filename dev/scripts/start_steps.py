"""The steps of start-dev.sh, once .venv is there."""

import errno
from urllib.parse import urlsplit

from app.config import Config, ConfigError
from dev.checkout import STATE
from dev.parts import processes, running_parts
from dev.parts.running_parts import Starter
from dev.scripts import database_choice, greeting, secrets_file, service, storage_record
from dev.scripts.settings import Settings
from dev.scripts.storage_choice import StorageChoice


def start(storage: str, port: int | None) -> None:
    """Start everything, or say that it runs already. Raises Failed, after stopping what it started."""
    STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    running = running_parts.read()
    if running.service:
        refuse_disobeying(running.url, storage, port)
        print(f"already running: {running.url or 'the service'}\nTo stop it: ./stop-dev.sh")
        return
    running_parts.stop(running)
    try:
        start_all(storage, port)
    except ConfigError as error:
        raise processes.Failed(str(error)) from None


def start_all(kind: str, port: int | None) -> None:
    """Storage, database, schema, admin, gunicorn; all of it or nothing."""
    recorded = storage_record.read(strict=kind == "auto")
    secrets = secrets_file.kept()
    settings = Settings.read()
    settings.fill_secrets(secrets)
    if port is not None:
        settings.decide("server", port=port)
    if kind != "auto":
        settings.decide("storage", backend=kind)
    config = settings.apply()
    refuse_port(config)
    with running_parts.all_or_nothing() as starter:
        storage = StorageChoice(settings, config, secrets, starter).choose(kind)
        database = database_choice.choose(settings, config, secrets, starter, storage.suffix)
        url = start_service(settings, starter, embedded=database.embedded)
    storage_record.write(storage.place)
    greeting.make_example()
    print(f"\n{greeting.summary(url, database.sentence, storage.sentence)}\n")
    if database.embedded and recorded not in ("", storage.place):
        print(greeting.changed_storage(recorded))
    if not service.takes_password(url, secrets_file.admin_password()):
        print(greeting.other_password(embedded=database.embedded))
    print(greeting.commands(url), flush=True)


def start_service(settings: Settings, starter: Starter, *, embedded: bool) -> str:
    """The service on what was started for it, and its URL."""
    config = settings.apply()
    print("Migrating the database and starting the service …", flush=True)
    service.migrate()
    make_admin(embedded=embedded)
    service.start(starter, config)
    return service.base_url(config)


def make_admin(*, embedded: bool) -> None:
    """The user admin with the password that is kept.

    Where the kept one is lost, admin gets a new one; not in a PostgreSQL of the user's own, where it may be known.
    """
    kept = secrets_file.admin_password()
    password = kept or secrets_file.new_password()
    made = service.make_admin(password)
    if kept or not (made or embedded):
        return
    if not made:
        print(f"{secrets_file.ADMIN_PASSWORD} was lost: admin gets a new password, kept there.", flush=True)
        service.change_admin_password(password)
    secrets_file.keep_admin_password(password)


def refuse_disobeying(url: str, storage: str, port: int | None) -> None:
    """Raise Failed if the service that runs is another than the one asked for."""
    place = storage_record.read()
    asked = []
    if port is not None and url and urlsplit(url).port != port:
        asked.append(f"--port {port}")
    if storage != "auto" and place and storage_record.option(place) != storage:
        asked.append(f"--storage {storage}")
    if asked:
        options = " ".join(asked)
        raise processes.Failed(
            f"already running: {url}, with its packages in {storage_record.PLACES.get(place, 'its storage')}; "
            f"{options} is not obeyed. To change it: ./stop-dev.sh, then ./start-dev.sh {options}"
        )


def refuse_port(config: Config) -> None:
    """Raise Failed if the service can't listen where it should."""
    host, port = config.server.host, config.server.port
    error = processes.listen_error(port, host)
    if error is None:
        return
    other = f"./start-dev.sh --port {processes.free_port_near(port, host)}"
    if error.errno == errno.EADDRINUSE:
        raise processes.Failed(
            f"port {port} of {host} is in use by another program. Stop that one, or choose another port: {other}"
        )
    if error.errno == errno.EACCES:
        raise processes.Failed(f"only root may listen on port {port}. Choose another port: {other}")
    raise processes.Failed(f"this machine can't listen on {host} ({error.strerror}). Mend server.host in config.yaml.")
