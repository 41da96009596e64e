"""Small bodies are gathered, and refused ones discarded, without a thread."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.server.client import Client, chunked, head
from tests.contract.server.conftest import Server, start, stop

EXPECT = "Expect: 100-continue"
LOGIN = "/api/v1/auth/login"
PATIENT = 30
PATIENCE = f'{{"stall_timeout": {PATIENT}, "head_timeout": {PATIENT}, "body_timeout": {PATIENT}}}'


@contextlib.contextmanager
def serving(folder: Path, file: Path, **environment: str) -> Iterator[Server]:
    """A gunicorn of its own, stopped well at the end."""
    server = start(folder, file, **environment)
    try:
        yield server
    finally:
        if server.master.poll() is None:
            assert stop(server) == 0, server.log.read_text()


def assert_served_at_once(server: Server) -> None:
    """Others are answered, in a small part of the time that the slow may take."""
    with server.connect() as client:
        began = time.monotonic()
        assert client.get("/").status == 200
        assert time.monotonic() - began < PATIENT / 6


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, served_file: Path) -> Iterator[Server]:
    """A worker of four threads whose clients may be silent for long."""
    with serving(tmp_path_factory.mktemp("patient"), served_file, TEST_LIMITS=PATIENCE) as server:
        yield server


@pytest.mark.parametrize(
    "begun",
    [
        head("POST", "/small", "Content-Length: 1000") + b"x",
        head("POST", "/small", "Content-Length: 65536"),
        head("POST", "/small", "Transfer-Encoding: chunked") + b"5\r\nhel",
        head("POST", "/small", "Content-Length: 1000", EXPECT),
        head("POST", "/small", "Transfer-Encoding: chunked", EXPECT),
        head("POST", LOGIN, "Content-Length: 1000") + b"x",
        head("POST", LOGIN, "Content-Length: 1000000"),
        head("POST", LOGIN, "Content-Length: 1000", EXPECT),
        head("GET", "/", "Content-Length: 100"),
    ],
)
def test_half_sent_bodies_hold_no_thread(patient: Server, begun: bytes) -> None:
    """With eight times as many half-sent small bodies as threads, others are answered at once."""
    with patient.connect_many(32) as halves:
        for half in halves:
            half.send(begun)
        assert_served_at_once(patient)


@pytest.mark.parametrize("pieces", [1, 7, 1000])
@pytest.mark.parametrize("lines", [(), (EXPECT,)])
def test_gathered_body_arrives_whole(client: Client, pieces: int, lines: tuple[str, ...]) -> None:
    """However it comes, with a length or in chunks, asked for or not; and the next request on its heels."""
    body = bytes(range(256)) * 40
    step = len(body) // pieces
    parts = [body[place : place + step] for place in range(0, len(body), step)]
    for framing, sent in (
        (f"Content-Length: {len(body)}", parts),
        ("Transfer-Encoding: chunked", [chunked([part], b"") for part in parts] + [b"0\r\nX-Trailer: x\r\n\r\n"]),
    ):
        client.send(head("PUT", "/raw", framing, *lines))
        if lines:
            assert client.read_head()[0] == 100
        client.send(*sent[:-1], sent[-1] + head("GET", "/missing"))
        reply = client.read()
        assert (reply.status, reply.json()["size"], reply.closes) == (200, len(body), False)
        assert client.read().status == 404


def test_long_login_is_gathered_too(client: Client) -> None:
    """Up to the size of any JSON: nobody without a token has a thread wait for a body."""
    assert client.request("POST", LOGIN, "Content-Length: 1000000", body=b"x" * 1_000_000).json() == {"size": 1_000_000}


def test_small_body_in_chunks_may_turn_out_long(client: Client) -> None:
    """What of it was gathered is read first; the connection stays."""
    client.send(head("PUT", "/raw", "Transfer-Encoding: chunked"))
    for number in range(20):
        client.send(chunked([bytes([number]) * 10_000], b""))
        time.sleep(0.01)
    client.send(b"0\r\n\r\n")
    reply = client.read()
    assert (reply.json()["size"], reply.closes) == (200_000, False)


@pytest.mark.parametrize("path", ["/small", "/api/v1/auth/logi%6e"])
@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_body_that_does_not_come_is_given_up(client: Client, path: str, framing: str) -> None:
    """A small body has its time from the end of the head on, however it trickles: 408."""
    client.send(head("POST", path, framing))
    began = time.monotonic()
    client.socket.settimeout(0.3)
    while not client.buffer and time.monotonic() - began < 6:
        client.send(b"1")
        with contextlib.suppress(TimeoutError):
            client.buffer = client.socket.recv(1 << 16)
    reply = client.read()
    reply.assert_problem(408)
    assert reply.closes
    assert 1.2 < time.monotonic() - began < 4


def test_small_package_has_the_time_of_an_upload(client: Client) -> None:
    """It may last longer than other small bodies, if it is never silent for as long as a stall."""
    client.send(head("PUT", "/api/v1/packages/a", "Content-Length: 8"))
    for _ in range(8):
        time.sleep(0.4)
        client.send(b"x")
    assert client.read().json()["size"] == 8
    client.send(head("PUT", "/api/v1/packages/a", "Content-Length: 8"), b"x")
    client.read().assert_problem(408)


def test_gathered_memory_is_bounded(tmp_path: Path, served_file: Path) -> None:
    """Beyond it a body is refused with 503 and Retry-After, and what is refused counts no more."""
    with (
        serving(tmp_path, served_file, TEST_LIMITS='{"gathered": 220000, "body_timeout": 30}') as server,
        server.connect_many(6) as clients,
    ):
        for client in clients[:4]:
            client.send(head("POST", "/small", "Content-Length: 60000"), b"x" * 40_000)
        assert_served_at_once(server)
        clients[4].send(head("POST", "/small", "Content-Length: 65000"), b"x" * 64_000)
        reply = clients[4].read()
        reply.assert_problem(503)
        assert int(reply.headers["retry-after"]) > 0
        for client in clients[:4]:
            client.send(b"x" * 20_000)
            assert client.read().status == 200
            # By then what was answered counts no more.
            assert_served_at_once(server)
        clients[5].send(head("POST", "/small", "Content-Length: 60000"), b"x" * 60_000)
        assert clients[5].read().status == 200


@pytest.mark.parametrize("framing", ["chunked", "chunked, and asked first"])
def test_refusal_of_a_body_that_is_asked_for_comes_first(client: Client, framing: str) -> None:
    """A small body in chunks is asked for only where its request is let in."""
    client.send(head("PUT", "/refuse", f"Transfer-Encoding: {framing.split(',', maxsplit=1)[0]}", EXPECT))
    reply = client.read()
    reply.assert_problem(401)
    assert reply.closes


def test_tiny_chunks_are_a_400(client: Client) -> None:
    """More framing than body, beyond some KiB of it, costs a client nothing and us much."""
    client.send(head("PUT", "/raw", "Transfer-Encoding: chunked"), chunked([b"x"] * 8000))
    reply = client.read()
    reply.assert_problem(400)
    assert reply.closes
