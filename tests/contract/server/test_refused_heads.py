"""What is refused before the application sees it: problems, never a 5xx, and the connection closes."""

import functools
import time

import pytest

from tests import threads
from tests.contract.server.client import Client, head, slowly
from tests.contract.server.conftest import Server

BIG = "x" * 8191


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.2\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400),
        (head("POST", "/small", "Transfer-Encoding: gzip"), 400),
        (head("POST", "/small", "Transfer-Encoding: magic"), 400),
        (head("POST", "/small", "Transfer-Encoding: magic, chunked"), 400),
        (head("POST", "/small", "Transfer-Encoding: chunked", "Content-Length: 3"), 400),
        (head("POST", "/small", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400),
        (head("POST", "/small", "Content-Length: 3", "Content-Length: 3"), 400),
        (head("POST", "/small", "Content-Length: 3, 3"), 400),
        (head("POST", "/small", "Content-Length: -1"), 400),
        (head("POST", "/small", "Content-Length: +3"), 400),
        (head("POST", "/small", "Content-Length: 0x3"), 400),
        (b"POST /small HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (head("GET", "/", "Expect: the-unexpected"), 417),
        (head("GET", "/" + BIG), 414),
        (b"GET /" + b"x" * 100_000, 414),
        (head("GET", "/", f"X-Long: {BIG}"), 431),
        (head("GET", "/", *(f"X-{number}: x" for number in range(200))), 431),
        (b"GET / HTTP/1.1\r\n" + b"X-Long: x\r\n" * 10_000, 431),
    ],
)
def test_malformed_head_is_a_problem(client: Client, request_head: bytes, status: int) -> None:
    """Each defect has its status in the contract's shape, and ends the connection: nothing after it is trusted."""
    client.send(request_head)
    reply = client.read()
    reply.assert_problem(status)
    assert reply.closes
    assert client.is_closed()


def test_longest_request_line_is_served(client: Client) -> None:
    """8,190 bytes are allowed: the application answers."""
    path = "/" + "x" * (8190 - len("GET / HTTP/1.1"))
    client.get(path).assert_problem(404)


def test_refusal_carries_the_clients_request_id(client: Client) -> None:
    """The id that the client chose is found in the head, though it could not be parsed."""
    client.send(head("POST", "/small", "X-Request-ID: my-id.1", "Content-Length: x"))
    assert client.read().headers["x-request-id"] == "my-id.1"


def test_refused_head_request_has_no_body(client: Client) -> None:
    """An answer to HEAD is a head."""
    client.send(head("HEAD", "/" + BIG))
    assert client.read("HEAD").status == 414
    assert client.read_to_end() == b""


@pytest.mark.parametrize(
    "request_head",
    [
        head("GET", "/", "SCRIPT_NAME: /x"),
        head("GET", "/", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
        head("GET", "/", "X-Forwarded-Proto: https"),
    ],
)
def test_headers_of_proxies_are_not_gunicorns_business(client: Client, request_head: bytes) -> None:
    """Neither scheme nor script name comes from a header, from 127.0.0.1 neither."""
    client.send(request_head)
    reply = client.read()
    assert reply.status == 200
    assert (reply.json()["scheme"], reply.json()["script"]) == ("http", "")


def test_later_minor_version_is_served_as_1_1(client: Client) -> None:
    """RFC 9110, 2.5; and HTTP/1.0 needs no Host."""
    client.send(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n")
    assert client.socket.recv(13, 2) == b"HTTP/1.1 200 "
    assert not client.read().closes
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.read().status == 200


@pytest.mark.parametrize("target", ["*", "http://test/refuse", "//", "/%2F", "/%00", "/%ff", "/?%ff"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "CONNECT", "TRACE", "FOO"])
def test_odd_targets_and_methods_are_no_server_errors(server: Server, method: str, target: str) -> None:
    """Whatever is asked for, the answer is below 500, and a problem where it is an error."""
    with server.connect() as client:
        client.send(head(method, target))
        status, headers = client.read_head()
        assert status < 500
        assert status < 400 or headers["content-type"] == "application/problem+json"


def test_head_that_never_ends_is_given_up(client: Client) -> None:
    """A head has its time, however busily it trickles in; then 408."""
    trickle = threads.start(functools.partial(_trickle, client))
    began = time.monotonic()
    client.read().assert_problem(408)
    assert time.monotonic() - began < 3
    threads.join(trickle, 10)


def _trickle(client: Client) -> None:
    try:
        slowly(client, b"GET / HTTP/1.1\r\nX-Slow: " + b"x" * 100, 0.1)
    except OSError:
        return


def test_half_sent_heads_hold_no_thread(server: Server) -> None:
    """With forty times as many half-sent heads as threads, others are answered at once."""
    with server.connect_many(160) as halves, server.connect() as client:
        for half in halves:
            half.send(b"GET / HTTP/1.1\r\nHost:")
        began = time.monotonic()
        assert client.get("/").status == 200
        assert time.monotonic() - began < 0.5


def test_head_in_any_pieces_is_served(client: Client) -> None:
    """A head may come byte by byte, after an empty line, or two at once."""
    slowly(client, b"\r\n" + head("GET", "/"), 0.002)
    assert client.read().status == 200
    client.send(head("GET", "/") + head("GET", "/missing") + head("GET", "/"))
    assert [client.read().status for _ in range(3)] == [200, 404, 200]


def test_silent_connection_is_closed(client: Client) -> None:
    """A connection on which no request begins is closed without a word."""
    assert client.read_to_end() == b""
