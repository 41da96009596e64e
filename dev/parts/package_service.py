"""The package service as production runs it: migrated, and gunicorn on a free port, by environment variables alone."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import PROJECT, PYTHON
from dev.parts import processes
from dev.parts.files import last_lines
from dev.parts.s3 import S3

SECRET_KEY = "a-key-of-a-service-that-runs-for-a-test"  # noqa: S105 - opens nothing else


@dataclass(frozen=True)
class PackageService:
    """A running service. `address` is host:port; `environ` is what its commands need too."""

    address: str
    environ: Mapping[str, str]
    master: int

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def token(self, role: str) -> str:
        """A new machine token of this role."""
        command = [PYTHON, "-m", "flask", "--app", "wsgi", "tokens", "create", f"{role} of the tests", "--role", role]
        return processes.check(command, "Making a token", env=self.environ, cwd=PROJECT).strip().splitlines()[-1]

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()]


def environment(folder: Path, database_url: str, s3: S3 | None, port: int, **keys: object) -> dict[str, str]:
    """Its configuration; `keys` are SECTION__KEY in any case. Without an S3 its objects are in `folder`."""
    nothing = folder / "empty.yaml"
    nothing.touch()
    settings: dict[str, object] = {
        "server__port": port,
        "database__url": database_url,
        "jwt__secret_key": SECRET_KEY,
        "storage__backend": "minio" if s3 else "filesystem",
        "storage__root": folder / "objects",
    }
    if s3:
        settings |= {
            "minio__endpoint": s3.endpoint,
            "minio__access_key": s3.access_key,
            "minio__secret_key": s3.secret_key,
            "minio__region": s3.region,
        }
    named = {f"OPAMP_PACKAGES_{key}".upper(): str(value) for key, value in {**settings, **keys}.items()}
    return {**named, "OPAMP_PACKAGES_CONFIG": str(nothing), "HOME": str(folder)}


@contextlib.contextmanager
def running(
    folder: Path, database_url: str, s3: S3 | None, *, checkout: Path = PROJECT, **keys: object
) -> Iterator[PackageService]:
    """Migrate the database, run the service with its files in `folder`, stop it at the end.

    Another `checkout` runs with the packages of its own .venv, on a database that this one has migrated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = processes.free_port()
    environ = environment(folder, database_url, s3, port, **keys)
    if checkout == PROJECT:
        upgrade = [PYTHON, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        processes.check(upgrade, "Migrating", env=environ, cwd=PROJECT)
    python = PYTHON if checkout == PROJECT else str(checkout / ".venv" / "bin" / "python")
    command = [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    log = folder / "gunicorn.log"
    master = processes.launch(command, log=log, env=environ, cwd=checkout)
    service = PackageService(f"{processes.HOST}:{port}", environ, master.pid)

    def ready() -> bool:
        if master.poll() is not None:
            raise processes.Failed(f"The service ended at once:\n{last_lines(log)}")
        return processes.answers(f"{service.url}/health/ready")

    try:
        processes.wait_until(ready, f"The service (see {log})")
        yield service
    finally:
        processes.stop(master)
