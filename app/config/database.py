"""The `database` section, and the one URL that it comes down to."""

import re
from typing import Annotated, Literal, get_args

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy.engine import URL

from app.config import texts
from app.config.faults import refused, without_credentials
from app.config.fields import Secret, Section, Text

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
DRIVER = "postgresql+psycopg2"


def _usable_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and not _is_usable(text):
        raise refused(without_credentials(text))
    return url


def _is_usable(text: str) -> bool:
    """Whether libpq can read the URL, and its port and sslmode can be."""
    if not re.match(r"postgres(ql)?://", text):
        return False
    try:
        named = parse_dsn(text)
    except psycopg2.ProgrammingError:
        return False
    ports = [port for port in named.get("port", "").split(",") if port]
    hosts = [host for host in named.get("host", "").split(",") if host]
    return (
        all(port.isascii() and port.isdigit() and 1 <= int(port[:9]) <= 65535 for port in ports)
        and all(host.startswith("/") or texts.is_host(host) for host in hosts)
        and named.get("sslmode", "prefer") in get_args(SslMode)
    )


class DatabaseSection(Section):
    """PostgreSQL."""

    host: Annotated[Text, AfterValidator(texts.database_host)] = Field(
        "localhost", description="a host name, an IP address or the folder of a socket"
    )
    port: int = Field(5432, ge=1, le=65535, description="an integer from 1 to 65535")
    user: Annotated[Text, AfterValidator(texts.filled)] = Field("opamp", description="the name of a role")
    password: Secret = Field(SecretStr(""), description="a text (in YAML, put quotes around digits)")
    dbname: Annotated[Text, AfterValidator(texts.filled)] = Field(
        "opamp_platform", description="the name of a database"
    )
    url: Annotated[Secret, AfterValidator(_usable_url)] = Field(
        SecretStr(""),
        description="postgresql://USER:PASSWORD@HOST:PORT/DBNAME (or postgres://), "
        "or for a socket folder postgresql://USER@/DBNAME?host=/FOLDER",
    )
    sslmode: SslMode = Field("prefer", description=f"one of {', '.join(get_args(SslMode))}")
    pool_size: int = Field(5, ge=1, le=1000, description="an integer from 1 to 1000 (connections per worker)")

    @property
    def sqlalchemy_url(self) -> str:
        """What SQLAlchemy opens, always by psycopg2. It holds the password: never print it."""
        return self._url().render_as_string(hide_password=False)

    def _url(self) -> URL:
        url = self.url.get_secret_value()
        named = parse_dsn(url) if url else self._keys()
        named.setdefault("sslmode", self.sslmode)
        user, password, database = (named.pop(key, None) for key in ("user", "password", "dbname"))
        return URL.create(DRIVER, user, password, database=database, query=named)

    def _keys(self) -> dict[str, str]:
        named = {"user": self.user, "dbname": self.dbname, "host": self.host, "port": str(self.port)}
        password = self.password.get_secret_value()
        return {**named, "password": password} if password else named
