"""Threads are for work: long bodies and logins have their own, and requests that can be served never wait for them."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.server.client import Client, head
from tests.contract.server.conftest import Server
from tests.contract.server.test_gathering import EXPECT, LOGIN, PATIENT, assert_served_at_once, serving

LONG = 200_000
BODIES = 3


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory, served_file: Path) -> Iterator[Server]:
    """A worker with two threads for ordinary requests and three for long bodies, which may be silent for long."""
    folder = tmp_path_factory.mktemp("few")
    limits = f'{{"stall_timeout": {PATIENT}, "login_queue": 4}}'
    with serving(
        folder,
        served_file,
        TEST_LIMITS=limits,
        OPAMP_PACKAGES_SERVER__THREADS="2",
        OPAMP_PACKAGES_SERVER__BODY_THREADS=str(BODIES),
    ) as server:
        yield server


def begin(server: Server, stack: contextlib.ExitStack) -> Client:
    """A long upload that has its thread."""
    deadline = time.monotonic() + 10
    while True:
        client = stack.enter_context(server.connect())
        client.send(head("PUT", "/api/v1/packages/a", f"Content-Length: {LONG}", EXPECT))
        # The thread of an upload that was just answered may not be free yet.
        if client.read_head()[0] == 100 or time.monotonic() > deadline:
            client.send(b"x" * 1000)
            return client


def end(client: Client) -> None:
    """Send the rest of it, and see that it arrived."""
    client.send(b"x" * (LONG - 1000))
    assert client.read().json()["size"] == LONG


def test_trickling_uploads_hold_no_ordinary_thread(few: Server) -> None:
    """With all threads for bodies taken, everything else is served, further uploads are 503, and the slow end well."""
    with contextlib.ExitStack() as stack:
        slow = [begin(few, stack) for _ in range(BODIES)]
        assert_served_at_once(few)
        for lines in ((), (EXPECT,)):
            late = stack.enter_context(few.connect())
            late.send(head("PUT", "/api/v1/packages/a", f"Content-Length: {LONG}", *lines))
            reply = late.read()
            reply.assert_problem(503)
            assert (int(reply.headers["retry-after"]) > 0, reply.closes) == (True, True)
        for client in slow:
            end(client)
        end(begin(few, stack))


def test_refusal_of_a_long_body_needs_no_thread_for_bodies(few: Server) -> None:
    """Token, role and headers are looked at first: those that are refused are, though all threads are taken."""
    with contextlib.ExitStack() as stack:
        slow = [begin(few, stack) for _ in range(BODIES)]
        refused = stack.enter_context(few.connect())
        refused.send(head("PUT", "/refuse", f"Content-Length: {LONG}", EXPECT))
        refused.read().assert_problem(401)
        for client in slow:
            end(client)


def test_half_sent_long_bodies_in_chunks_are_in_the_same_bulkhead(few: Server) -> None:
    """From 64 KiB on a body without a length is long."""
    with contextlib.ExitStack() as stack, few.connect() as late:
        slow = [begin(few, stack) for _ in range(BODIES)]
        late.send(head("POST", "/small", "Transfer-Encoding: chunked"), b"20000\r\n", b"x" * 70_000)
        late.read().assert_problem(503)
        for client in slow:
            end(client)


def test_logins_hold_two_threads(few: Server) -> None:
    """Two at once and four that wait; beyond, 503 with Retry-After; all else is served at once."""
    with few.connect_many(8) as clients:
        for client in clients:
            client.send(head("POST", LOGIN, "Content-Length: 2"), b"{}")
        assert_served_at_once(few)
        replies = [client.read() for client in clients]
    assert sorted(reply.status for reply in replies) == [200] * 6 + [503] * 2
    assert all("retry-after" in reply.headers for reply in replies if reply.status == 503)


def test_login_under_another_spelling_is_a_login(few: Server) -> None:
    """The path is compared as it is routed."""
    with few.connect_many(3) as clients:
        began = time.monotonic()
        for client in clients:
            client.send(head("POST", "/api/v1/auth/%6cogin", "Content-Length: 2"), b"{}")
        assert [client.read().status for client in clients] == [200] * 3
        assert time.monotonic() - began > 0.55


def test_logins_wait_for_no_longer_than_they_may(tmp_path: Path, served_file: Path) -> None:
    """Those whose turn comes too late are 503 with Retry-After, at once; the next login works."""
    with serving(tmp_path, served_file, TEST_LIMITS='{"login_wait": 0.25}') as server:
        with server.connect_many(8) as clients:
            for client in clients:
                client.send(head("POST", LOGIN, "Content-Length: 2"), b"{}")
            replies = [client.read() for client in clients]
        assert sorted(reply.status for reply in replies) == [200] * 2 + [503] * 6
        assert all("retry-after" in reply.headers for reply in replies if reply.status == 503)
        with server.connect() as client:
            assert client.request("POST", LOGIN, "Content-Length: 2", body=b"{}").status == 200
