"""Where start-dev.sh lets the service keep its bytes, and the server for that, started if need be."""

import hashlib
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.config import Config
from app.errors import ServiceError
from app.storage.s3.storage import MinioStorage
from dev.checkout import PROJECT, STATE
from dev.parts import go_tools, processes, s3
from dev.parts.files import last_lines
from dev.parts.running_parts import Starter
from dev.scripts import storage_record
from dev.scripts.secrets_file import Secrets
from dev.scripts.settings import Settings

KINDS = ("auto", "minio", "filesystem")
COMPOSE_FILE = PROJECT / "deploy" / "minio" / "compose.yml"
MINIO_LOG = STATE / "minio.log"
CHANGE = "\n          Kept from start to start. For {other}, with packages, users and tokens of its own:\n          "
TO_MINIO = CHANGE.format(other="MinIO") + "./stop-dev.sh; ./start-dev.sh --storage minio (builds MinIO once, with Go)"
TO_FOLDER = CHANGE.format(other="a folder") + "./stop-dev.sh; ./start-dev.sh --storage filesystem"

LACKS = {
    storage_record.CONFIGURED: "mend the section minio of config.yaml",
    storage_record.PROCESS: "there is no minio on PATH or in the cache any more; to build it: "
    "./start-dev.sh --storage minio",
    storage_record.CONTAINER: "no docker daemon answers; start it",
}
"""What to do where the recorded storage can't be had."""


@dataclass(frozen=True)
class Chosen:
    """The storage. `suffix` names the embedded database that lists what is in it, and in no other storage."""

    place: str
    """A key of storage_record.PLACES."""

    sentence: str
    suffix: str = ""


class StorageChoice:
    """The ways to storage in the order of the documentation; each returns None where it cannot be gone.

    `auto` goes them once: what it came to is recorded and kept, whatever else the machine has later.
    """

    def __init__(self, settings: Settings, config: Config, secrets: Secrets, starter: Starter) -> None:
        self.settings = settings
        self.config = config
        self.secrets = secrets
        self.starter = starter
        self.ways: dict[str, Callable[[], Chosen | None]] = {
            storage_record.CONFIGURED: self.configured,
            storage_record.PROCESS: self.installed,
            storage_record.CONTAINER: self.container,
            storage_record.FOLDER: self.folder,
        }

    def choose(self, kind: str) -> Chosen:
        """The storage that `kind` (one of KINDS) comes to on this machine. Raises Failed if there is none."""
        if kind == "filesystem" or (kind == "auto" and self.config.storage.backend == "filesystem"):
            return self.folder()
        if kind == "auto":
            recorded = storage_record.read()
            self.say_if_disobeyed(recorded)
            return self.kept(recorded) if recorded else self.first_of(self.ways.values())
        return self.first_of([self.configured, self.installed, self.built, self.container])

    def say_if_disobeyed(self, recorded: str) -> None:
        """Say that the MinIO of config.yaml is not used where the packages are elsewhere."""
        if recorded not in ("", storage_record.CONFIGURED) and self.names_minio():
            print(
                f"Note: the packages of this checkout are in {storage_record.PLACES[recorded]}, not in the MinIO of "
                "config.yaml. To change to that: ./stop-dev.sh, then ./start-dev.sh --storage minio",
                flush=True,
            )

    def names_minio(self) -> bool:
        """Whether config.yaml has the keys of a MinIO."""
        return all(self.settings.gives("minio", key) for key in ("access_key", "secret_key"))

    def kept(self, recorded: str) -> Chosen:
        """The storage of the starts before. Raises Failed if it can't be had."""
        chosen = self.ways[recorded]()
        if chosen:
            return chosen
        raise processes.Failed(
            f"the packages of this checkout are in {storage_record.PLACES[recorded]}: {LACKS[recorded]}. To begin "
            "with another storage, with users and tokens of its own: ./start-dev.sh --storage minio or filesystem"
        )

    def first_of(self, ways: Iterable[Callable[[], Chosen | None]]) -> Chosen:
        """What the first of `ways` comes to that can be gone. Raises Failed if none can."""
        for way in ways:
            chosen = way()
            if chosen:
                return chosen
        raise processes.Failed(
            "There is no MinIO here: none in config.yaml answers, there is no minio on PATH, no Go to build it with "
            "(https://go.dev/doc/install) and no docker compose. Without MinIO: ./start-dev.sh --storage filesystem"
        )

    def configured(self) -> Chosen | None:
        """The S3 of config.yaml, if it answers."""
        if not self.names_minio():
            return None
        endpoint = self.config.minio.endpoint
        try:
            MinioStorage.from_config(self.config.minio).ping()
        except ServiceError as error:
            print(f"The MinIO of config.yaml ({endpoint}) does not answer: {error.detail}", flush=True)
            return None
        self.settings.decide("storage", backend="minio")
        sentence = f"the MinIO of config.yaml ({endpoint}, bucket {self.config.minio.bucket})"
        return Chosen(storage_record.CONFIGURED, sentence + TO_FOLDER, "_s3")

    def installed(self) -> Chosen | None:
        """A MinIO that is on PATH or in the cache."""
        binary = go_tools.found("minio")
        return self.run(binary) if binary else None

    def built(self) -> Chosen | None:
        """A MinIO that is built now."""
        return self.run(go_tools.built("minio")) if go_tools.go() else None

    def run(self, binary: Path) -> Chosen:
        """MinIO as a process."""
        port = processes.free_port()
        folder = STATE / "minio"
        folder.mkdir(mode=0o700, exist_ok=True)
        credentials = s3.minio_environment(self.secrets.minio_access_key, self.secrets.minio_secret_key)
        part = self.starter.launch("MinIO", s3.minio_command(binary, folder, port), log=MINIO_LOG, env=credentials)

        def ready() -> bool:
            if not part.is_running():
                raise processes.Failed(f"MinIO ended at once. The end of {MINIO_LOG}:\n{last_lines(MINIO_LOG)}")
            return s3.minio_ready(port)

        processes.wait_until(ready, f"MinIO (see {MINIO_LOG})")
        self.use_own_minio(port)
        sentence = f"MinIO ({binary}) on 127.0.0.1:{port}, its bytes in {folder}"
        return Chosen(storage_record.PROCESS, sentence + TO_FOLDER)

    def container(self) -> Chosen | None:
        """MinIO by docker compose, where a docker daemon answers; a docker client alone proves nothing."""
        if not docker_answers():
            return None
        port = processes.free_port()
        project = "opamp-dev-" + hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
        self.starter.note(containers=(project,))
        environment = {
            "MINIO_ROOT_USER": self.secrets.minio_access_key,
            "MINIO_ROOT_PASSWORD": self.secrets.minio_secret_key,
            "MINIO_PORT": str(port),
        }
        command = ["docker", "compose", "--project-name", project, "--file", str(COMPOSE_FILE)]
        print("Starting MinIO by docker compose; its image is built once, which takes some minutes …", flush=True)
        processes.follow([*command, "up", "--build", "--detach", "--wait"], print, env=environment)
        processes.wait_until(lambda: s3.minio_ready(port), "MinIO in its container")
        self.use_own_minio(port)
        sentence = f"MinIO by docker compose (project {project}) on 127.0.0.1:{port}"
        return Chosen(storage_record.CONTAINER, sentence + TO_FOLDER, "_docker")

    def use_own_minio(self, port: int) -> None:
        """Let the service use the MinIO that we run on `port`."""
        self.settings.decide("storage", backend="minio")
        self.settings.decide(
            "minio",
            endpoint=f"127.0.0.1:{port}",
            access_key=self.secrets.minio_access_key,
            secret_key=self.secrets.minio_secret_key,
            use_ssl=False,
            region="",
            public_endpoint="",
        )

    def folder(self) -> Chosen:
        """A folder of this machine."""
        root = self.config.storage.root if self.settings.gives("storage", "root") else STATE / "objects"
        self.settings.decide("storage", backend="filesystem", root=str(root))
        return Chosen(storage_record.FOLDER, f"the folder {root}{TO_MINIO}", "_folder")


def docker_answers() -> bool:
    """Whether a docker daemon answers, and compose is there."""
    try:
        return all(
            processes.complete(["docker", *question], seconds=10).returncode == 0
            for question in (["info"], ["compose", "version"])
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
