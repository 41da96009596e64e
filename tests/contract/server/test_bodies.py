"""Request bodies: framing, 100 Continue, interruptions, time limits."""

import hashlib
import os
import time

import pytest

from tests.contract.server.client import Client, chunked, head
from tests.contract.server.conftest import Server

BODY = os.urandom(3_000_001)
SHA256 = hashlib.sha256(BODY).hexdigest()
EXPECT = "Expect: 100-continue"


def form(content: bytes) -> bytes:
    """A form as curl sends it: the file first."""
    return (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        + content
        + b'\r\n--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nagent\r\n--b--\r\n'
    )


def post_form(*lines: str) -> bytes:
    """The head of a form."""
    return head("POST", "/form", "Content-Type: multipart/form-data; boundary=b", *lines)


@pytest.mark.parametrize("piece", [1000, 65_536, 3_000_001])
def test_raw_body_arrives_whole(client: Client, piece: int) -> None:
    """A body with a length comes as it was sent, in whatever pieces, and the connection stays."""
    client.send(head("PUT", "/raw", f"Content-Length: {len(BODY)}"))
    client.send(*(BODY[place : place + piece] for place in range(0, len(BODY), piece)))
    reply = client.read()
    assert (reply.json()["size"], reply.json()["sha256"]) == (len(BODY), SHA256)
    assert not reply.closes
    assert client.get("/").status == 200


@pytest.mark.parametrize("piece", [1, 4099, 3_000_001])
def test_chunked_body_arrives_whole(client: Client, piece: int) -> None:
    """A chunked body comes as it was sent, with extensions and trailers, and the connection stays."""
    body = BODY[: piece * 1000]
    pieces = [body[place : place + piece] for place in range(0, len(body), piece)]
    client.send(head("PUT", "/raw", "Transfer-Encoding: chunked"))
    client.send(chunked(pieces, last=b"0;ext=1\r\nX-Trailer: x\r\n\r\n"))
    reply = client.read()
    assert (reply.json()["size"], reply.json()["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert not reply.closes
    assert client.get("/").status == 200


@pytest.mark.parametrize("is_chunked", [False, True])
def test_form_arrives_whole(client: Client, is_chunked: bool) -> None:
    """A form comes with its file and the field after it, in either framing."""
    body = form(BODY)
    if is_chunked:
        client.send(post_form("Transfer-Encoding: chunked"), chunked([body[:10], body[10:500_000], body[500_000:]]))
    else:
        client.send(post_form(f"Content-Length: {len(body)}"), body)
    reply = client.read().json()
    assert (reply["sha256"], reply["file_name"], reply["fields"]) == (SHA256, "a.bin", {"name": ["agent"]})


def test_chunked_form_is_complete_only_with_its_last_chunk(client: Client) -> None:
    """After the closing boundary the last chunk is waited for; without it nothing is accepted."""
    client.send(post_form("Transfer-Encoding: chunked"), chunked([form(b"x")], last=b""))
    client.socket.shutdown(1)
    client.read().assert_problem(400)


@pytest.mark.parametrize("broken", [b"zz\r\nx\r\n", b"2\r\nabc\r\n", b"-1\r\n", b"1\nx\r\n", b"5;\x00\r\nhello\r\n"])
def test_malformed_chunk_is_a_400(client: Client, broken: bytes) -> None:
    """A chunk that is none ends in 400, and the connection closes."""
    client.send(head("PUT", "/raw", "Transfer-Encoding: chunked"), b"1\r\na\r\n" + broken)
    reply = client.read()
    reply.assert_problem(400)
    assert reply.closes


@pytest.mark.parametrize("path", ["/raw", "/small"])
def test_body_shorter_than_its_length_is_a_400(client: Client, path: str) -> None:
    """A client that ends its side early is told so."""
    method = "PUT" if path == "/raw" else "POST"
    client.send(head(method, path, "Content-Length: 1000"), b"x" * 999)
    client.socket.shutdown(1)
    reply = client.read()
    reply.assert_problem(400)
    assert reply.closes


def test_vanished_client_costs_nothing(server: Server) -> None:
    """After clients that reset in the midst of their bodies the server answers as before."""
    for _ in range(20):
        with server.connect() as client:
            client.send(head("PUT", "/raw", "Content-Length: 100000"), b"x" * 50_000)
            client.socket.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER 0: reset
    with server.connect() as client:
        assert client.get("/").status == 200


def test_raw_body_needs_a_length(client: Client) -> None:
    """Neither a length nor chunks: 411."""
    client.send(head("PUT", "/raw"))
    client.read().assert_problem(411)


def test_continue_is_sent_at_the_first_read(client: Client) -> None:
    """100 Continue comes when the application reads, once, before the answer."""
    client.send(head("PUT", "/raw", "Content-Length: 5", EXPECT))
    assert client.read_head()[0] == 100
    client.send(b"hello")
    reply = client.read()
    assert (reply.status, reply.json()["size"], reply.closes) == (200, 5, False)


@pytest.mark.parametrize("framing", ["Content-Length: 5000000000", "Transfer-Encoding: chunked"])
def test_refusal_comes_instead_of_continue(client: Client, framing: str) -> None:
    """A client that asks first is refused without its body, and the connection closes."""
    client.send(head("PUT", "/refuse", framing, EXPECT))
    reply = client.read()
    reply.assert_problem(401)
    assert reply.closes


def test_continue_is_not_sent_for_no_body(client: Client) -> None:
    """With nothing to come, nothing is asked for."""
    client.send(head("PUT", "/raw", "Content-Length: 0", EXPECT))
    assert client.read().status == 200


def test_old_clients_expectation_is_ignored(client: Client) -> None:
    """An HTTP/1.0 client gets no 100 Continue (RFC 9110, 10.1.1)."""
    client.send(b"PUT /raw HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
    reply = client.read()
    assert (reply.status, reply.closes) == (200, True)


@pytest.mark.parametrize("path", ["/raw", "/small"])
def test_stalled_upload_is_given_up(client: Client, path: str) -> None:
    """An upload that sends nothing for the time of a stall gets 408."""
    client.send(head("PUT" if path == "/raw" else "POST", path, "Content-Length: 1000"), b"x")
    began = time.monotonic()
    reply = client.read()
    reply.assert_problem(408)
    assert reply.closes
    assert 1.2 < time.monotonic() - began < 3


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("path", ["/raw", "/small"])
def test_upload_that_only_trickles_is_given_up(client: Client, path: str, framing: str) -> None:
    """However steadily bytes trickle, within a chunk's size too, the upload's time is bounded: 408."""
    client.send(head("PUT" if path == "/raw" else "POST", path, framing))
    began = time.monotonic()
    while not client.buffer and time.monotonic() - began < 60:
        client.send(b"0")
        client.socket.settimeout(0.3)
        try:
            client.buffer = client.socket.recv(1 << 16)
        except TimeoutError:
            assert time.monotonic() - began < 6
    client.socket.settimeout(10)
    client.read().assert_problem(408)
