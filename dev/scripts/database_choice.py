"""Which PostgreSQL start-dev.sh lets the service use: the one of config.yaml if it answers, else the embedded one."""

from app.config import Config
from dev.parts import embedded_postgres, postgres, processes
from dev.parts.running_parts import Starter
from dev.scripts.secrets_file import Secrets
from dev.scripts.settings import Settings

DBNAME = "opamp_platform"


def choose(settings: Settings, config: Config, secrets: Secrets, starter: Starter, suffix: str) -> str:
    """Decide, start the embedded one if it is to be that, and say in a sentence which it is."""
    if settings.gives_any("database"):
        if postgres.connects(config.database.sqlalchemy_url.replace("+psycopg2", "", 1)):
            return "the one of config.yaml"
        print("The PostgreSQL of config.yaml does not answer, or refuses; using the embedded one.", flush=True)
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
    return (
        f"embedded, on 127.0.0.1:{database.port}, its data in {database.folder}\n"
        "          It has no pg_trgm, so that `q` reads the whole table.\n"
        "          For another: name it in the section database of config.yaml."
    )
