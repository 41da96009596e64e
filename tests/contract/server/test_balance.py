"""Connections are shared among the workers of one socket."""

import signal
import subprocess
import time
from collections import Counter

from app.server.accept_balance import MAX_DEFER, AcceptBalancer, ConnectionCounts
from tests.contract.server.conftest import Server


def test_kept_connections_are_shared_evenly(pair: Server) -> None:
    """Of sixteen connections that come at once and stay, each of two workers has about half."""
    with pair.connect_many(16) as clients:
        time.sleep(0.5)
        shares = Counter(client.get("/").json()["pid"] for client in clients)
    assert len(shares) == 2
    assert min(shares.values()) >= 6


def test_worker_that_hangs_keeps_no_connection_waiting(pair: Server) -> None:
    """With one worker stopped in its tracks, the other takes every connection, and soon."""
    hanging = pair.children()[0]
    subprocess.run(["kill", "-STOP", str(hanging)], check=True, timeout=10)
    try:
        with pair.connect_many(10) as clients:
            began = time.monotonic()
            assert {client.get("/").json()["pid"] for client in clients} == {pair.children()[1]}
            assert time.monotonic() - began < 1
    finally:
        subprocess.run(["kill", "-CONT", str(hanging)], check=True, timeout=10)


def test_killed_worker_leaves_the_account(pair: Server) -> None:
    """After SIGKILL of one, its successor takes its share."""
    killed = pair.children()[0]
    subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(killed)], check=True, timeout=10)
    deadline = time.monotonic() + 20
    shares: set[int] = set()
    while len(shares) < 2 and time.monotonic() < deadline:
        time.sleep(0.3)
        with pair.connect_many(8) as clients:
            shares = {client.get("/").json()["pid"] for client in clients}
    assert len(shares) == 2
    assert killed not in shares


def test_turn_is_left_to_the_one_with_fewer() -> None:
    """A worker with more connections than another leaves the next, for a moment only."""
    counts = ConnectionCounts(2)
    busy, idle, starting = AcceptBalancer(counts), AcceptBalancer(counts), AcceptBalancer(counts)
    busy.note(3)
    idle.note(2)
    assert idle.may_accept()
    assert not busy.may_accept()
    time.sleep(MAX_DEFER * 1.5)
    assert busy.may_accept()
    starting.pause()
    idle.pause()
    assert busy.may_accept()


def test_slots_are_given_back() -> None:
    """Workers that come and go for ever always find a slot; without a free one they still serve."""
    counts = ConnectionCounts(1)
    for _ in range(100):
        turns = AcceptBalancer(counts)
        turns.end()
    assert [AcceptBalancer(counts).slot for _ in range(11)] == [*range(10), 0]
