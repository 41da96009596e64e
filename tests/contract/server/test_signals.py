"""Signals and heartbeats, as gunicorn's operators expect them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.server.client import Client, head
from tests.contract.server.conftest import Server
from tests.contract.server.test_gathering import PATIENCE, serving


@pytest.fixture
def patient(tmp_path: Path, served_file: Path) -> Iterator[Server]:
    """A gunicorn whose clients may be silent for long, and whose workers may not: after 2 s they are killed."""
    with serving(tmp_path, served_file, TEST_LIMITS=PATIENCE, GUNICORN_CMD_ARGS="--timeout 2") as server:
        yield server


def until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it holds within this time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_worker_whose_threads_work_is_not_killed(patient: Server) -> None:
    """The event loop tells the master that it lives, whatever its threads do for how long."""
    worker = patient.children()
    with patient.connect_many(4) as clients:
        for client in clients:
            client.send(head("GET", "/busy/5.0"))
        assert [client.read().status for client in clients] == [200] * 4
    assert patient.children() == worker


def test_everything_in_progress_ends_well_at_sigterm(patient: Server) -> None:
    """Parked downloads, small bodies that are being gathered, and long ones; exit 0."""
    size = patient.file.stat().st_size
    with (
        Client(patient.port, receive_buffer=65536) as parked,
        patient.connect() as small,
        patient.connect() as asking,
        patient.connect() as long,
    ):
        parked.send(head("GET", "/file/blocks"))
        parked.read_head()
        small.send(head("POST", "/small", "Content-Length: 10"), b"hello")
        asking.send(head("PUT", "/raw", "Content-Length: 10", "Expect: 100-continue"))
        assert asking.read_head()[0] == 100
        long.send(head("PUT", "/api/v1/packages/a", "Content-Length: 100000", "Expect: 100-continue"))
        assert long.read_head()[0] == 100
        patient.master.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        small.send(b"world")
        asking.send(b"helloworld")
        long.send(b"x" * 100_000)
        for client in (small, asking, long):
            reply = client.read()
            assert (reply.status, reply.closes) == (200, True)
        assert len(parked.take(size)) == size
        assert patient.master.wait(20) == 0


def test_what_takes_too_long_is_cut_at_the_end_of_graceful_timeout(tmp_path: Path, served_file: Path) -> None:
    """A reader that takes nothing does not hold the stop up for longer, and the exit is well."""
    with serving(
        tmp_path, served_file, TEST_LIMITS=PATIENCE, OPAMP_PACKAGES_SERVER__GRACEFUL_TIMEOUT="2s"
    ) as server, Client(server.port, receive_buffer=4096) as parked:  # fmt: skip
        parked.send(head("GET", "/file/blocks"))
        parked.read_head()
        began = time.monotonic()
        server.master.send_signal(signal.SIGTERM)
        assert server.master.wait(20) == 0
        assert time.monotonic() - began > 1
        assert "SIGKILL" not in server.log.read_text()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGQUIT])
def test_quick_stop_waits_for_nothing(patient: Server, sign: signal.Signals) -> None:
    """What is in progress is cut."""
    with patient.connect() as client:
        client.send(head("GET", "/busy/30.0"))
        time.sleep(0.5)
        began = time.monotonic()
        patient.master.send_signal(sign)
        assert patient.master.wait(20) == 0
        assert time.monotonic() - began < 5


def test_reload_replaces_the_worker_and_loses_no_request(patient: Server) -> None:
    """SIGHUP: what is in progress is answered by the old worker, what comes by the new one."""
    (old,) = patient.children()
    with patient.connect() as client:
        client.send(head("PUT", "/raw", "Content-Length: 10"), b"hello")
        patient.master.send_signal(signal.SIGHUP)
        assert until(lambda: _answering(patient) not in (None, old))
        client.send(b"world")
        received = client.read().json()
        assert (received["size"], received["pid"]) == (10, old)
    assert until(lambda: old not in patient.children())


def _answering(server: Server) -> int | None:
    try:
        with server.connect() as client:
            return int(client.get("/").json()["pid"])
    except OSError:
        return None


def test_worker_ends_without_its_master(patient: Server) -> None:
    """After SIGKILL of the master nobody goes on serving the port."""
    (worker,) = patient.children()
    patient.master.kill()
    patient.master.wait(20)
    try:
        assert until(lambda: not is_alive(worker))
    finally:
        if is_alive(worker):
            os.kill(worker, signal.SIGKILL)
