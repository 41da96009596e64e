"""A real gunicorn with the service's settings and worker, on a free port, with a small application in it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.parts import processes
from tests.contract.server.client import Client, listening

PROJECT = Path(__file__).resolve().parents[3]
FILE_SIZE = 40_000_003


@dataclass
class Server:
    """A running gunicorn."""

    master: subprocess.Popen[bytes]
    port: int
    log: Path
    file: Path

    def connect(self) -> Client:
        """A new connection."""
        return Client(self.port)

    @contextlib.contextmanager
    def connect_many(self, count: int, receive_buffer: int | None = None) -> Iterator[list[Client]]:
        """So many connections, closed after the block."""
        with contextlib.ExitStack() as open_ones:
            yield [open_ones.enter_context(Client(self.port, receive_buffer)) for _ in range(count)]

    def settle(self) -> None:
        """Return when it has accepted every connection and received all that was sent (proc(5), /proc/net/tcp)."""
        processes.wait_until(lambda: not self._unread(), "What was sent, received", 10)

    def _unread(self) -> int:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        queues = [row[4] for row in rows if row[1].endswith(f":{self.port:04X}")]
        return sum(int(queue.partition(":")[2], 16) for queue in queues)

    def children(self) -> list[int]:
        """The workers' process ids."""
        pid = self.master.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def start(folder: Path, file: Path, *, threads: int = 4, workers: int = 1, **environment: str) -> Server:
    """Start gunicorn; by default with one worker of few threads, so that a thread held is a thread missed."""
    listener = listening()
    port = listener.getsockname()[1]
    environ = {
        **os.environ,
        "TEST_FILE": str(file),
        "OPAMP_PACKAGES_CONFIG": str(PROJECT / "tests" / "empty.yaml"),
        "OPAMP_PACKAGES_JWT__SECRET_KEY": "for-tests-only-0123456789abcdefghij",
        "OPAMP_PACKAGES_STORAGE__BACKEND": "filesystem",
        "OPAMP_PACKAGES_SERVER__WORKERS": str(workers),
        "OPAMP_PACKAGES_SERVER__THREADS": str(threads),
        "OPAMP_PACKAGES_SERVER__GRACEFUL_TIMEOUT": "10s",
        "HOME": str(folder),
        **environment,
    }
    log = folder / "gunicorn.log"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "tests/contract/server/settings.py",
        "-b",
        f"fd://{listener.fileno()}",
    ]
    command += ["-k", "tests.contract.server.quick_worker.QuickWorker", "tests.contract.server.small_app:app"]
    with log.open("wb") as output, listener:
        master = subprocess.Popen(
            command, cwd=PROJECT, env=environ, stdout=output, stderr=output, pass_fds=[listener.fileno()]
        )
    server = Server(master, port, log, file)
    with server.connect() as client:
        assert client.get("/").status == 200
    return server


def stop(server: Server) -> int:
    """Stop gunicorn as an operator does; its exit status."""
    server.master.send_signal(signal.SIGTERM)
    try:
        return server.master.wait(20)
    except subprocess.TimeoutExpired:
        server.master.kill()
        raise


@pytest.fixture(scope="session")
def served_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file larger than all buffers on the way."""
    file = tmp_path_factory.mktemp("served") / "file"
    file.write_bytes(os.urandom(1 << 20) * (FILE_SIZE >> 20) + os.urandom(FILE_SIZE & 0xFFFFF))
    return file


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, served_file: Path) -> Iterator[Server]:
    """One gunicorn for all tests that leave it running."""
    running = start(tmp_path_factory.mktemp("gunicorn"), served_file)
    yield running
    assert stop(running) == 0, running.log.read_text()


@pytest.fixture
def own_server(tmp_path: Path, served_file: Path) -> Iterator[Server]:
    """A gunicorn that the test may stop."""
    running = start(tmp_path, served_file)
    yield running
    if running.master.poll() is None:
        stop(running)


@pytest.fixture
def pair(tmp_path: Path, served_file: Path) -> Iterator[Server]:
    """A gunicorn with two workers."""
    running = start(tmp_path, served_file, workers=2)
    deadline = time.monotonic() + 20
    while len(_answering(running)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    yield running
    stop(running)


def _answering(server: Server) -> set[int]:
    """The workers that take part of many connections."""
    with server.connect_many(8) as clients:
        return {client.get("/").json()["pid"] for client in clients}


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """One connection to the server."""
    with server.connect() as connected:
        yield connected
