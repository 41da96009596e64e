"""The steps of start-dev.sh, once .venv is there."""

from app.config import Config, ConfigError
from dev.checkout import STATE
from dev.parts import processes, running_parts
from dev.parts.running_parts import Starter
from dev.scripts import database_choice, greeting, secrets_file, service
from dev.scripts.settings import Settings
from dev.scripts.storage_choice import StorageChoice


def start(storage: str, port: int | None) -> None:
    """Start everything, or say that it runs already. Raises Failed, after stopping what it started."""
    STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    running = running_parts.read()
    if running.service:
        print(f"already running: {running.url or 'the service'}\nTo stop it: ./stop-dev.sh")
        return
    running_parts.stop(running)
    try:
        start_all(storage, port)
    except ConfigError as error:
        raise processes.Failed(str(error)) from None


def start_all(kind: str, port: int | None) -> None:
    """Storage, database, schema, admin, gunicorn; all of it or nothing."""
    secrets = secrets_file.kept()
    settings = Settings.read()
    settings.fill_secrets(secrets)
    if port is not None:
        settings.decide("server", port=port)
    if kind != "auto":
        settings.decide("storage", backend=kind)
    config = settings.apply()
    refuse_port_in_use(config)
    with running_parts.all_or_nothing() as starter:
        storage = StorageChoice(settings, config, secrets, starter).choose(kind)
        database = database_choice.choose(settings, config, secrets, starter, storage.suffix)
        url = start_service(settings, starter)
    greeting.make_example()
    print(f"\n{greeting.summary(url, database, storage.sentence)}\n")
    if not service.takes_password(url, secrets_file.admin_password()):
        print("Note: admin has another password than the one kept here; log in with that one.\n")
    print(greeting.commands(url), flush=True)


def start_service(settings: Settings, starter: Starter) -> str:
    """The service on what was started for it, and its URL."""
    config = settings.apply()
    print("Migrating the database and starting the service …", flush=True)
    service.migrate()
    service.make_admin(secrets_file.admin_password())
    service.start(starter, config)
    return service.base_url(config)


def refuse_port_in_use(config: Config) -> None:
    """Raise Failed if something else listens where the service should."""
    host, port = config.server.host, config.server.port
    if processes.is_free(port, host):
        return
    raise processes.Failed(
        f"port {port} of {host} is in use by another program. "
        f"Stop that one, or choose another port: ./start-dev.sh --port {processes.free_port()}"
    )
