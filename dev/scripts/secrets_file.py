"""The secrets of this checkout's service, made at the first start and kept: data/dev/secrets.json."""

import json
import secrets
from dataclasses import asdict, dataclass

from dev.checkout import STATE
from dev.parts.files import write_private
from dev.parts.processes import Failed

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
    """The secrets, made now if there are none. Raises Failed if the file is damaged."""
    try:
        return Secrets(**json.loads(FILE.read_text()))
    except FileNotFoundError:
        pass
    except (ValueError, TypeError):
        raise Failed(
            f"{FILE}, which holds the passwords of PostgreSQL and MinIO, is damaged. "
            f"Put a copy of it back, or move the folder {STATE} away to begin with an empty service."
        ) from None
    made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(24), "opamp-dev", secrets.token_urlsafe(24))
    write_private(FILE, json.dumps(asdict(made), indent=2))
    return made


def admin_password() -> str:
    """The password of the user admin that is kept here; empty if there is none."""
    return ADMIN_PASSWORD.read_text().strip() if ADMIN_PASSWORD.exists() else ""


def new_password() -> str:
    """A password that nobody has yet."""
    return secrets.token_urlsafe(18)


def keep_admin_password(password: str) -> None:
    """Keep it; only where none is kept, and once admin has it."""
    write_private(ADMIN_PASSWORD, f"{password}\n")
