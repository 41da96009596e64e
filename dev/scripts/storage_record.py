"""Which storage this checkout's packages are in, kept from start to start: data/dev/storage."""

from dev.checkout import STATE
from dev.parts.files import write_private
from dev.parts.processes import Failed

FILE = STATE / "storage"
CONFIGURED, PROCESS, CONTAINER, FOLDER = "configured", "minio", "docker", "filesystem"
PLACES = {
    CONFIGURED: "the MinIO of config.yaml",
    PROCESS: "the MinIO of this checkout",
    CONTAINER: "the MinIO of docker compose",
    FOLDER: "a folder",
}


def read(*, strict: bool = True) -> str:
    """The key of PLACES that was written last; empty if none was.

    Raises Failed if the file holds anything else; not `strict`, it is then as if there were none.
    """
    if not FILE.exists():
        return ""
    recorded = FILE.read_text(errors="replace").strip()
    if recorded in PLACES:
        return recorded
    if strict:
        raise Failed(
            f"{FILE} is damaged: it should hold one of {', '.join(PLACES)}. "
            "Write there which storage this was, or choose one: ./start-dev.sh --storage minio or filesystem"
        )
    return ""


def write(place: str) -> None:
    """Record it."""
    write_private(FILE, f"{place}\n")


def option(place: str) -> str:
    """What --storage is given for this place."""
    return "filesystem" if place == FOLDER else "minio"
