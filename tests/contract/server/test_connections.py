"""Many connections: those that wait cost no thread, and the longest silent makes room."""

import errno
import resource
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.limits import Limits
from tests.contract.server.client import Client, head
from tests.contract.server.conftest import Server
from tests.contract.server.test_gathering import PATIENCE, assert_served_at_once, serving

ROOM = 20
IDLE, PARKED = 3000, 1000


@pytest.fixture
def small(tmp_path: Path, served_file: Path) -> Iterator[Server]:
    """A worker with room for few connections, whose waits last long."""
    limits = '{"stall_timeout": 60, "head_timeout": 60, "body_timeout": 60}'
    with serving(tmp_path, served_file, TEST_LIMITS=limits, OPAMP_PACKAGES_SERVER__MAX_CONNECTIONS=str(ROOM)) as server:
        yield server


def ended(clients: list[Client], seconds: float = 5) -> list[int]:
    """Which of them the server closes or cuts, as soon as it does so to any."""
    readable, _, _ = select.select([client.socket for client in clients], [], [], seconds)
    return [number for number, client in enumerate(clients) if client.socket in readable]


@pytest.mark.parametrize(
    "waiting",
    [b"", head("GET", "/"), b"GET / HTTP/1.1\r\n", head("POST", "/small", "Content-Length: 10") + b"x"],
    ids=["new", "kept", "head", "body"],
)
def test_longest_silent_makes_room(small: Server, waiting: bytes) -> None:
    """Whatever it waits for; all others stay, and the new one is served."""
    is_request = waiting == head("GET", "/")
    # Not all of the room yet: a connection of the server's start may still count.
    with small.connect_many(ROOM - 4) as clients, small.connect() as probe:
        small.settle()
        for client in clients:
            client.send(waiting)
            if is_request:
                client.read()
        probe.get("/")
        # Heard of last: now the second is the one that has been silent longest.
        clients[0].send(waiting if is_request else waiting and b"x")
        if is_request:
            clients[0].read()
        # Longer than a thread looks for the next request itself: by the event loop this one comes behind that byte.
        time.sleep(10 * Limits().keepalive_spin)
        probe.get("/")
        with small.connect_many(4):
            assert_served_at_once(small)
            closed = ended(clients)
        assert 1 <= len(closed) <= 4
        assert all(number < ROOM / 2 for number in closed)
        assert not waiting or 0 not in closed


def test_readers_that_take_nothing_make_room(small: Server) -> None:
    """Parked downloads are cut for new connections."""
    with small.connect_many(ROOM - 5, receive_buffer=4096) as readers, small.connect_many(3) as others:
        for reader in readers:
            reader.send(head("GET", "/file/blocks"))
            reader.read_head()
        for client in others:
            assert client.get("/").status == 200
        with small.connect_many(ROOM // 2):
            assert_served_at_once(small)
            assert any(_is_reset(reader) for reader in readers)


def _is_reset(client: Client) -> bool:
    """What had come before may still be read."""
    return client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


def test_connection_that_a_thread_works_on_never_makes_room(small: Server) -> None:
    """Though it has been silent for longest, and all others wait for their turn."""
    with small.connect_many(4) as working, small.connect_many(ROOM - 4) as queued:
        for client in working:
            client.send(head("GET", "/busy/1.5"))
        for client in queued:
            client.send(head("GET", "/"))
        small.settle()
        with small.connect() as late:
            late.send(head("GET", "/"))
            assert [client.read().status for client in (*working, *queued, late)] == [200] * (ROOM + 1)


def test_idle_and_parked_connections_in_thousands(tmp_path: Path, served_file: Path) -> None:
    """With 3,000 idle connections and 1,000 parked downloads on one worker new requests are served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    sockets: list[socket.socket] = []
    try:
        with serving(
            tmp_path, served_file, TEST_LIMITS=PATIENCE, OPAMP_PACKAGES_SERVER__MAX_CONNECTIONS="4100"
        ) as server:
            for number in range(IDLE + PARKED):
                sockets.append(socket.socket())
                if number >= IDLE:
                    sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sockets[-1].connect(("127.0.0.1", server.port))
                if number >= IDLE:
                    sockets[-1].sendall(head("GET", "/file/sendfile"))
            for _ in range(3):
                assert_served_at_once(server)
            assert _connections(server) > IDLE + PARKED
            for sock in sockets:
                sock.close()
    finally:
        for sock in sockets:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _connections(server: Server) -> int:
    """Sockets that the worker has open."""
    folder = Path(f"/proc/{server.children()[0]}/fd")
    return sum(str(entry.readlink()).startswith("socket:") for entry in folder.iterdir())
