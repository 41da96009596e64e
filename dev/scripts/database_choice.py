"""Which PostgreSQL start-dev.sh lets the service use: the one that config.yaml names, else the embedded one."""

from dataclasses import dataclass

from app.config import Config
from dev.parts import embedded_postgres, postgres, processes
from dev.parts.running_parts import Starter
from dev.scripts.secrets_file import Secrets
from dev.scripts.settings import Settings, variable

DBNAME = "opamp_platform"
WHERE = ("url", "host", "port", "user", "password", "dbname")
"""The keys that say which PostgreSQL it is."""


@dataclass(frozen=True)
class Chosen:
    """The PostgreSQL, in a sentence; `embedded` where it is ours."""

    sentence: str
    embedded: bool


def choose(settings: Settings, config: Config, secrets: Secrets, starter: Starter, suffix: str) -> Chosen:
    """Decide, and start the embedded one if it is to be that. Raises Failed if config.yaml names one and it refuses."""
    if settings.gives_any("database", WHERE):
        refused = refusal(config)
        if not refused:
            return Chosen("the one of config.yaml", embedded=False)
        # A copy of config.yaml.example names every key, and means none of them.
        if settings.differs("database", WHERE):
            raise processes.Failed(
                f"the PostgreSQL of config.yaml can't be used: {refused}. Mend the section database there "
                f"(or {variable('database', '*')} in the environment), or take it out to use the embedded one."
            )
        print("The section database of config.yaml is as in the example; using the embedded PostgreSQL.", flush=True)
    return embedded(settings, config, secrets, starter, suffix)


def refusal(config: Config) -> str:
    """Why the PostgreSQL of the configuration can't be used, without the password; empty if it can."""
    password = config.database.password.get_secret_value()
    said = postgres.refusal(config.database.sqlalchemy_url.replace("+psycopg2", "", 1))
    return said.replace(password, "***") if password else said


def embedded(settings: Settings, config: Config, secrets: Secrets, starter: Starter, suffix: str) -> Chosen:
    """The embedded one, started."""
    server = config.server
    database = embedded_postgres.start(
        starter,
        secrets.postgres_password,
        port=processes.free_port(),
        dbname=DBNAME + suffix,
        connections=server.workers * config.database.pool_size + 30,
    )
    settings.decide(
        "database",
        url="",
        host=processes.HOST,
        port=database.port,
        user=embedded_postgres.USER,
        password=database.password,
        dbname=database.dbname,
        sslmode="disable",
    )
    return Chosen(
        f"embedded, on 127.0.0.1:{database.port}, its data in {database.folder}\n"
        "          It has no pg_trgm, so that `q` reads the whole table.\n"
        "          For another: name it in the section database of config.yaml.",
        embedded=True,
    )
