"""The secrets of this checkout's service, made at the first start and kept: data/dev/secrets.json."""

import json
import secrets
from dataclasses import asdict, dataclass

from dev.checkout import STATE
from dev.parts.files import write_private

FILE = STATE / "secrets.json"
ADMIN_PASSWORD = STATE / "admin-password"


@dataclass(frozen=True)
class Secrets:
    """Random, and of letters, digits, '-' and '_' only, so that they need no quoting anywhere."""

    jwt_key: str
    postgres_password: str
    minio_access_key: str
    minio_secret_key: str


def kept() -> Secrets:
    """The secrets, made now if there are none."""
    if FILE.exists():
        return Secrets(**json.loads(FILE.read_text()))
    made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(24), "opamp-dev", secrets.token_urlsafe(24))
    write_private(FILE, json.dumps(asdict(made), indent=2))
    return made


def admin_password() -> str:
    """The password of the user admin, made now if there is none; it is never overwritten."""
    if not ADMIN_PASSWORD.exists():
        write_private(ADMIN_PASSWORD, secrets.token_urlsafe(18) + "\n")
    return ADMIN_PASSWORD.read_text().strip()
