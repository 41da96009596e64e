"""A refusal that is answered while the client still sends reaches the client."""

import time

import pytest

from tests import threads
from tests.contract.server.client import Client, chunked, head
from tests.contract.server.conftest import Server

MIB = 1 << 20


@pytest.mark.parametrize("size", [MIB, 40 * MIB, 400 * MIB])
def test_status_reaches_a_client_that_sends_all_first(client: Client, size: int) -> None:
    """A client that reads only after it has sent everything, as fast as it can, gets the status and no reset."""
    client.send(head("PUT", "/refuse", f"Content-Length: {size}"))
    block = b"x" * MIB
    for _ in range(size // MIB):
        client.send(block)
    reply = client.read()
    reply.assert_problem(401)
    assert reply.closes
    assert client.read_to_end() == b""


def test_status_reaches_a_client_that_sends_chunks(client: Client) -> None:
    """The same for a body without a length."""
    client.send(head("PUT", "/refuse", "Transfer-Encoding: chunked"), chunked([b"x" * MIB] * 20))
    reply = client.read()
    reply.assert_problem(401)
    assert reply.closes


def test_status_reaches_a_slow_sender(client: Client) -> None:
    """A client that sends on for a second at its own pace still gets the status."""
    client.send(head("PUT", "/refuse", "Content-Length: 5000000000"))
    for _ in range(20):
        client.send(b"x" * 1000)
        time.sleep(0.05)
    client.read().assert_problem(401)


def test_discarding_is_bounded(client: Client) -> None:
    """A client that sends for ever is cut off after the linger's two seconds."""
    client.send(head("PUT", "/refuse", "Content-Length: 5000000000000"))
    began = time.monotonic()
    with pytest.raises(OSError, match=r"reset|pipe"):
        _send_for_ever(client)
    assert 1.5 < time.monotonic() - began < 4


def _send_for_ever(client: Client) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        client.send(b"x" * 1000)
        time.sleep(0.01)


def test_refused_uploads_hold_no_thread(server: Server) -> None:
    """While more refused clients linger than there are threads, others are answered at once."""
    with server.connect_many(40) as lingering, server.connect() as other:
        for client in lingering:
            client.send(head("PUT", "/refuse", "Content-Length: 5000000"), b"x" * 1000)
            client.read().assert_problem(401)
        began = time.monotonic()
        assert other.get("/").status == 200
        assert time.monotonic() - began < 0.5


def test_little_is_read_away_and_the_connection_kept(client: Client) -> None:
    """When little is left of the body, it is drained and the next request is served on the same connection."""
    reply = client.request("POST", "/refuse", "Content-Length: 50000", body=b"x" * 50_000)
    reply.assert_problem(401)
    assert not reply.closes
    assert client.request("DELETE", "/", "Content-Length: 5", body=b"hello").status == 200
    assert client.get("/").status == 200


def test_unread_rest_is_never_taken_for_a_request(client: Client) -> None:
    """What was smuggled into the body of a refused request is not served."""
    smuggled = head("GET", "/")
    client.send(head("POST", "/refuse", f"Content-Length: {len(smuggled)}") + smuggled + head("GET", "/missing"))
    assert [client.read().status, client.read().status] == [401, 404]


def test_clients_that_read_and_send_at_once_are_refused_together(server: Server) -> None:
    """Many fast senders at once each get their status."""
    statuses: list[int] = []

    def refused() -> None:
        with server.connect() as client:
            client.send(head("PUT", "/refuse", f"Content-Length: {64 * MIB}"))
            for _ in range(64):
                client.send(b"x" * MIB)
            statuses.append(client.read().status)

    threads.join(threads.start(*[refused] * 12))
    assert statuses == [401] * 12
