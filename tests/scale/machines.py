"""What runs on the machines: PostgreSQL with a standby, MinIO of four nodes, instances of the service."""

import contextlib
import io
import secrets
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from minio import Minio
from minio.error import S3Error
from urllib3.exceptions import HTTPError

from dev.parts import go_tools, postgres, postgres_account, processes, s3
from tests.databases import connected, execute
from tests.scale.network import Machine

PORT = 5432
S3_PORT = 9000
DATABASE = "opamp"
PROBES = "probes"
"""A bucket."""

DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"]
"""What leads a command that is to end with this process, however that ends."""


@dataclass
class Node:
    """A machine and the one program that runs on it."""

    machine: Machine
    command: list[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program, or start it again; who needs it waits for it."""
        self.machine.plug()
        self.process = processes.launch([*self.machine.prefix, *self.command], log=self.log, env=self.env)

    def kill(self) -> None:
        """The program is gone; its machine tells all who ask for it."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGKILL)

    def switch_off(self) -> None:
        """The machine is gone, and whoever asks for it hears nothing."""
        self.machine.unplug()
        self.kill()


class PostgresPair:
    """A primary, and a standby that has confirmed each commit before it is answered: none is lost with the primary."""

    def __init__(self, folder: Path, primary: Machine, standby: Machine) -> None:
        self._bin = postgres.binaries()
        self.primary = self._node(folder / primary.name, primary)
        self.standby = self._node(folder / standby.name, standby)
        self._folder = folder

    def _node(self, folder: Path, machine: Machine) -> Node:
        settings = {**postgres.SETTINGS, "listen_addresses": machine.address, "fsync": "off"}
        command = postgres.server_command(folder, self._bin, PORT, settings)
        account = len(postgres_account.prefix())  # a change of the account would undo it
        command[account:account] = DIES_WITH_US
        return Node(machine, command, folder.with_suffix(".log"))

    def url(self, node: Node, database: str = DATABASE) -> str:
        """For programs of this process's namespace."""
        return f"postgresql://postgres@{node.machine.address}:{PORT}/{database}"

    @property
    def service_url(self) -> str:
        """For the service: both by name."""
        hosts = ",".join(f"{node.machine.name}:{PORT}" for node in (self.primary, self.standby))
        return f"postgresql://postgres@{hosts}/{DATABASE}?target_session_attrs=read-write"

    def start(self) -> None:
        """Make the cluster and its copy, and run both."""
        folder = self._folder / self.primary.machine.name
        postgres.initialise(folder, self._bin, "-U", "postgres", "-A", "trust", "--no-sync")
        network = self.primary.machine.address.rpartition(".")[0] + ".0/24"
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.writelines(f"host {what} postgres {network} trust\n" for what in ("all", "replication"))
        self.primary.start()
        self._wait_for(self.primary)
        self._copy()
        self.standby.start()
        self._wait_for(self.standby)
        # Only now: without a standby each commit would wait for one.
        admin = self.url(self.primary, "postgres")
        execute(admin, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        execute(admin, f"CREATE DATABASE {DATABASE}")

    def _copy(self) -> None:
        folder = self._folder / self.standby.machine.name
        folder.mkdir(mode=0o700)
        postgres_account.hand_over(folder)
        source = ["-h", self.primary.machine.name, "-p", str(PORT), "-U", "postgres"]
        backup = [self._bin / "pg_basebackup", *source, "-D", folder, "-R", "--checkpoint=fast", "--no-sync"]
        account = [*self.standby.machine.prefix, *postgres_account.prefix()]
        processes.check([*account, *backup], "Copying PostgreSQL", cwd=Path("/"))

    def _wait_for(self, node: Node) -> None:
        what = f"PostgreSQL on {node.machine.name} (see {node.log})"
        processes.wait_until(lambda: postgres.connects(self.url(node, "postgres")), what)

    def switch_over(self) -> None:
        """Fence the primary, as its machine's power would be cut, and promote the standby."""
        self.primary.switch_off()
        with contextlib.closing(connected(self.url(self.standby))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_promote(true, 10)")
            assert cursor.fetchone() == (True,)


class MinioCluster:
    """Four nodes with a drive each; one may be away."""

    def __init__(self, folder: Path, machines: list[Machine]) -> None:
        self._folder = folder
        env = s3.minio_environment(s3.ACCESS_KEY, s3.SECRET_KEY)
        (folder / "drive").mkdir()
        self.nodes = [
            Node(machine, self._command(folder / machine.name, folder / "drive"), folder / f"{machine.name}.log", env)
            for machine in machines
        ]

    @staticmethod
    def _command(own: Path, drive: Path) -> list[str]:
        """The same for all, as MinIO wants it: each has its own folder at `drive`, in the mounts of its namespace."""
        own.mkdir()
        mount = ["sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(own), str(drive)]
        minio = [str(go_tools.built("minio")), "server", "--address", f":{S3_PORT}"]
        return [*mount, *DIES_WITH_US, *minio, f"http://minio{{1...4}}:{S3_PORT}{drive}"]

    def start(self) -> None:
        """Start all, and return when all are ready."""
        for node in self.nodes:
            node.start()
        self.until_ready()

    def until_ready(self) -> None:
        """Return when each node that runs writes to all that run: it finds back to one that was away by itself.

        Their health tells nothing of that; a node is well when it has its own drive.
        """
        alive = [node for node in self.nodes if node.process and node.process.poll() is None]
        for node in alive:
            what = f"MinIO on {node.machine.name} (see {node.log})"
            processes.wait_until(lambda node=node: self._reach(node) >= len(alive), what)

    def _reach(self, node: Node) -> int:
        """On how many drives an object is that was given to this node."""
        name = secrets.token_hex(8)
        keys = (s3.ACCESS_KEY, s3.SECRET_KEY)
        client = Minio(f"{node.machine.address}:{S3_PORT}", *keys, secure=False, region="us-east-1")
        try:
            if not client.bucket_exists(PROBES):
                client.make_bucket(PROBES)
            client.put_object(PROBES, name, io.BytesIO(b"probe"), 5)
        except (S3Error, HTTPError):
            return 0
        return sum((self._folder / each.machine.name / PROBES / name).exists() for each in self.nodes)

    def node(self, address: str) -> Node:
        """The one with this address."""
        return next(node for node in self.nodes if node.machine.address == address)


def first_address(name: str, seen_from: Machine) -> str:
    """The address of `name` that comes first on that machine."""
    found = processes.check([*seen_from.prefix, "getent", "ahostsv4", name], f"The addresses of {name}")
    return found.split()[0]


@contextlib.contextmanager
def ending(*nodes: Node) -> Iterator[None]:
    """Kill them at the end."""
    try:
        yield
    finally:
        for node in nodes:
            node.kill()
