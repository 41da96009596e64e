"""The sections of the configuration. A field's description says what the key takes; faults quote it."""

from collections import ChainMap
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from app.config import texts
from app.config.cores import usable_cores
from app.config.database import DatabaseSection
from app.config.faults import printable_value, refused
from app.config.fields import OptionalText, Secret, Section, SigningKey, Text
from app.config.units import Duration, Size

PROJECT = Path(__file__).resolve().parents[2]
"""The folder of wsgi.py: config.yaml stands there, and relative paths start there."""

TEN_YEARS = 3650 * 86400
MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
MAKE_A_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
A_DURATION = "a duration of at least 1 second: integer seconds, or an integer with s, m, h or d (90s, 24h)"
A_SIZE = "integer bytes, or an integer with B, KiB, MiB, GiB or TiB"


def _cores_unless_set(value: Any) -> Any:
    return usable_cores() if value is None else value


def _folder(value: Any) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip():
        raise refused(printable_value(value))
    return PROJECT / texts.plain(value)


class ServerSection(Section):
    """Where gunicorn listens, and with how many."""

    host: Annotated[Text, AfterValidator(texts.listen_host)] = Field(
        "127.0.0.1", description="a host name or an IP address to listen on"
    )
    port: int = Field(8080, ge=1, le=65535, description="an integer from 1 to 65535")
    public_url: Annotated[OptionalText, AfterValidator(texts.base_url)] = Field(
        "", description="http://HOST[:PORT] or https://…, without a trailing slash, user, query or fragment"
    )
    trusted_proxies: int = Field(0, ge=0, le=100, description="an integer from 0 to 100")
    workers: Annotated[int, BeforeValidator(_cores_unless_set)] = Field(
        default_factory=usable_cores, ge=1, le=1024, description="an integer from 1 to 1024"
    )
    threads: int = Field(16, ge=1, le=1024, description="an integer from 1 to 1024")
    body_threads: int = Field(32, ge=1, le=1024, description="an integer from 1 to 1024")
    max_connections: int = Field(4000, ge=16, le=1_000_000, description="an integer from 16 to 1000000")
    graceful_timeout: Duration = Field(60, ge=1, le=TEN_YEARS, description=A_DURATION)

    @field_validator("public_url")
    @classmethod
    def _default_url(cls, url: str, info: ValidationInfo) -> str:
        """Where nothing is set, the address we listen on; nobody can open a wildcard, so localhost then."""
        host = info.data.get("host", "")
        host = "localhost" if host in WILDCARDS else f"[{host}]" if ":" in host else host
        return url or f"http://{host}:{info.data.get('port')}"


class JwtSection(Section):
    """The tokens that the service signs."""

    secret_key: SigningKey = Field(
        SecretStr(""),
        description=f"a random text of at least 32 bytes, used nowhere else; make one with: {MAKE_A_KEY}",
    )
    duration: Duration = Field(86400, ge=1, le=TEN_YEARS, description=A_DURATION)


class StorageSection(Section):
    """Where the bytes of packages are kept."""

    backend: Literal["minio", "filesystem"] = Field("minio", description="minio or filesystem")
    root: Annotated[Path, BeforeValidator(_folder)] = Field(
        PROJECT / "data" / "objects", description="the path of a folder"
    )


class MinioSection(Section):
    """Any S3."""

    endpoint: Annotated[Text, AfterValidator(texts.endpoint)] = Field(
        "localhost:9000", description="host:port, without a scheme or a path (minio.use_ssl chooses https)"
    )
    access_key: Secret = Field(SecretStr(""), description="a text; required with storage.backend minio")
    secret_key: Secret = Field(SecretStr(""), description="a text; required with storage.backend minio")
    bucket: Annotated[Text, AfterValidator(texts.bucket)] = Field(
        "opamp-packages", description="a bucket's name: 3 to 63 of a-z, 0-9, '-' and '.'"
    )
    use_ssl: bool = Field(False, description="true or false")
    region: Annotated[OptionalText, AfterValidator(texts.region)] = Field(
        "", description="the name of a region, or nothing"
    )
    public_endpoint: Annotated[OptionalText, AfterValidator(texts.optional_endpoint)] = Field(
        "", description="host:port, without a scheme or a path, or nothing"
    )
    upload_memory: Size = Field(24 * MIB, ge=16 * MIB, le=GIB, description=f"16MiB to 1GiB: {A_SIZE}")


class PackagesSection(Section):
    """Uploads and downloads."""

    max_size: Size = Field(5 * GIB, ge=1, le=5 * TIB, description=f"1 byte to 5TiB: {A_SIZE}")
    upload_timeout: Duration = Field(3600, ge=1, le=TEN_YEARS, description=A_DURATION)
    upload_expiry: Duration = Field(86400, ge=1, le=TEN_YEARS, description=A_DURATION)
    delivery: Literal["stream", "redirect", "accel"] = Field("stream", description="stream, redirect or accel")


class AgentsSection(Section):
    """The agents that ask for packages over OpAMP."""

    polling_interval: Duration = Field(30, ge=1, le=TEN_YEARS, description=A_DURATION)
    retention: Duration = Field(30 * 86400, ge=1, le=TEN_YEARS, description=A_DURATION)


class RolloutsSection(Section):
    """Staged roll-outs."""

    interval: Duration = Field(5, ge=1, le=3600, description=f"1 second to 1 hour: {A_DURATION}")


class ConsoleSection(Section):
    """The pages for people."""

    enabled: bool = Field(True, description="true or false")


class Config(BaseModel):
    """The whole configuration; made by app.config.load. Sizes are bytes, durations seconds."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", validate_default=True)

    server: ServerSection
    database: DatabaseSection
    jwt: JwtSection
    storage: StorageSection
    minio: MinioSection
    packages: PackagesSection
    agents: AgentsSection
    rollouts: RolloutsSection
    console: ConsoleSection

    @classmethod
    def layered(cls, *layers: dict[str, dict[str, Any]]) -> Self:
        """The configuration of `layers`, of which the first that sets a key wins.

        Raises pydantic's ValidationError.
        """
        sections = {name: ChainMap(*(layer.get(name, {}) for layer in layers)) for name in cls.model_fields}
        return cls.model_validate({name: dict(keys) for name, keys in sections.items()})

    def warnings(self) -> list[str]:
        """What the start should say: settings that are legal and seldom meant, one line each."""
        said = []
        if self.server.host in WILDCARDS and self.server.public_url == f"http://localhost:{self.server.port}":
            said.append(
                f"server.host is {self.server.host} and server.public_url is not set: links begin with "
                f"{self.server.public_url}, which only this machine can open; set server.public_url"
            )
        if self.packages.delivery == "redirect" and self._tokens_reach_storage():
            said.append(
                f"minio.public_endpoint ({self.minio.public_endpoint or self.minio.endpoint}) is on "
                "server.public_url's host: with packages.delivery redirect some clients send it their token, "
                "and the S3 refuses such requests; give it a host name that is not below public_url's"
            )
        return said

    def _tokens_reach_storage(self) -> bool:
        """Whether a client that keeps Authorization on a host and its sub-domains would send it to the S3."""
        public = (urlsplit(self.server.public_url).hostname or "").rstrip(".")
        endpoint = self.minio.public_endpoint or self.minio.endpoint
        storage = (urlsplit(f"//{endpoint}").hostname or "").rstrip(".")
        return storage == public or storage.endswith(f".{public}")
