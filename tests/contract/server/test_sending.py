"""Answers on the wire: sendfile and blocks, short bodies, slow and vanished readers, old clients."""

import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests import threads
from tests.contract.server.client import Client, head
from tests.contract.server.conftest import FILE_SIZE, Server


@pytest.fixture(scope="module")
def content(served_file: Path) -> bytes:
    """What is served."""
    return served_file.read_bytes()


@pytest.mark.parametrize("kind", ["sendfile", "blocks"])
def test_file_is_sent_whole_and_by_range(client: Client, content: bytes, kind: str) -> None:
    """Both ways of reading give the same bytes, from any place, on one connection."""
    whole = client.get(f"/file/{kind}")
    assert (whole.status, whole.body == content, whole.closes) == (200, True, False)
    part = client.get(f"/file/{kind}", "Range: bytes=1048577-5000000")
    assert (part.status, part.body == content[1048577:5000001]) == (206, True)
    assert part.headers["content-range"] == f"bytes 1048577-5000000/{FILE_SIZE}"
    tail = client.get(f"/file/{kind}", "Range: bytes=-1")
    assert (tail.status, tail.body) == (206, content[-1:])
    assert client.request("HEAD", f"/file/{kind}").headers["content-length"] == str(FILE_SIZE)
    assert client.get("/").status == 200


@pytest.mark.parametrize("kind", ["short", "broken", "longer"])
def test_body_that_ends_early_closes_the_connection(client: Client, kind: str) -> None:
    """Less than Content-Length, with an error or without, by sendfile or not: the connection ends there."""
    client.send(head("GET", f"/file/{kind}") + head("GET", "/"))
    status, headers = client.read_head()
    assert status == 200
    assert len(client.read_to_end()) < int(headers["content-length"])


def test_body_without_length_is_chunked(client: Client) -> None:
    """HTTP/1.1 gets chunks, and the connection stays."""
    assert client.get("/chunks").body == b"first second"
    assert client.get("/").status == 200


def test_date_is_that_of_the_answer(client: Client) -> None:
    """Every answer has its own second, in the form of RFC 9110, 5.6.7, and says that the connection stays."""
    told = []
    for _ in range(2):
        began = int(time.time())
        reply = client.get("/")
        told.append(reply.headers["date"])
        assert began <= parsedate_to_datetime(told[-1]).timestamp() <= time.time()
        assert told[-1].endswith(" GMT")
        assert reply.headers["connection"] == "keep-alive"
        time.sleep(1.1)
    assert told[0] != told[1]


def test_old_client_gets_the_body_until_the_end(client: Client) -> None:
    """HTTP/1.0 knows no chunks: the body ends with the connection."""
    client.send(b"GET /chunks HTTP/1.0\r\n\r\n")
    status, headers = client.read_head()
    assert (status, "transfer-encoding" in headers, client.read_to_end()) == (200, False, b"first second")


def test_old_client_may_keep_its_connection(client: Client) -> None:
    """HTTP/1.0 with keep-alive is kept where the length is known, and closed without it."""
    for _ in range(2):
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert not client.read().closes
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.read().closes
    assert client.is_closed()


def test_slow_readers_hold_no_thread(server: Server, content: bytes) -> None:
    """With ten times as many slow readers as threads, others are answered at once, and all get their file."""
    with server.connect_many(40, receive_buffer=65536) as readers:
        for number, reader in enumerate(readers):
            reader.send(head("GET", "/file/sendfile" if number % 2 else "/file/blocks"))
        time.sleep(0.5)
        for _ in range(3):
            for reader in readers:
                reader.buffer += reader.socket.recv(4096)
            with server.connect() as client:
                began = time.monotonic()
                assert client.get("/").status == 200
                assert time.monotonic() - began < 0.5
        for reader in readers[:4]:
            assert reader.read().body == content


def test_readers_that_always_take_something_hold_no_thread(server: Server) -> None:
    """With ten times as many readers on an ordinary link as threads, others are answered at once."""
    with server.connect_many(40, receive_buffer=65536) as readers, server.connect() as client:
        for reader in readers:
            reader.send(head("GET", "/file/sendfile"))
        taking = threading.Event()

        def take() -> None:
            while not taking.wait(0.02):
                for reader in readers:
                    reader.socket.recv(8192)

        with threads.running(take, stop=taking):
            taken = [_seconds_of(client) for _ in range(30)]
    assert max(taken) < 1


def _seconds_of(client: Client) -> float:
    began = time.monotonic()
    assert client.get("/").status == 200
    return time.monotonic() - began


def test_reader_that_is_slow_but_steady_is_never_cut(server: Server) -> None:
    """Taking a little within each stall's time is enough, for as long as it lasts."""
    with Client(server.port, receive_buffer=16384) as reader:
        reader.send(head("GET", "/file/sendfile"))
        began = time.monotonic()
        while time.monotonic() - began < 5:
            assert reader.socket.recv(20_000)
            time.sleep(0.3)
        assert reader.socket.recv(4096)


@pytest.mark.parametrize("kind", ["sendfile", "blocks"])
def test_reader_that_takes_nothing_is_cut(server: Server, kind: str) -> None:
    """After the time of a stall the connection is cut, and the file that was read from is closed."""
    with server.connect() as reader:
        reader.send(head("GET", f"/file/{kind}"))
        reader.read_head()
        assert _open_files(server)
        time.sleep(2.5)
        assert not _open_files(server)
        with pytest.raises(ConnectionError):
            reader.read()


def test_vanished_reader_leaves_nothing_open(server: Server) -> None:
    """Clients that go in the midst of a download cost no descriptor."""
    for _ in range(20):
        with server.connect() as client:
            client.send(head("GET", "/file/blocks"))
            client.socket.recv(1000)
    deadline = time.monotonic() + 3
    while _open_files(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _open_files(server)


def _open_files(server: Server) -> int:
    """Descriptors that the worker has of the served file."""
    folder = Path(f"/proc/{server.children()[0]}/fd")
    targets = []
    for entry in folder.iterdir():
        try:
            targets.append(str(entry.readlink()))
        except OSError:
            continue
    return targets.count(str(server.file))
