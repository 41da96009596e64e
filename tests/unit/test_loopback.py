"""Connections within this machine are not paced, others stay as the system has them."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from app.loopback import RENO, send_at_once
from app.server.connection import Connection
from app.storage.s3.dialer import Dialer


def congestion_control(sock: socket.socket) -> bytes:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_both_ways_within_the_machine(listener: socket.socket) -> None:
    """To a storage, and to a proxy or client."""
    dialer = Dialer(f"127.0.0.1:{listener.getsockname()[1]}", use_ssl=False)
    with dialer.connect(1) as storage:
        accepted, address = listener.accept()
        with contextlib.closing(Connection(Config(), accepted, address, listener.getsockname())) as client:
            assert congestion_control(storage) == congestion_control(client.sock) == RENO


class FromAfar(socket.socket):
    """A socket that says that its other end is on another machine."""

    def getpeername(self) -> tuple[str, int]:
        return "192.0.2.1", 443


def test_connections_to_elsewhere_are_left_alone(listener: socket.socket) -> None:
    """The system's congestion control knows more of the network."""
    with FromAfar() as sock:
        sock.connect(listener.getsockname())
        before = congestion_control(sock)
        send_at_once(sock)
        assert congestion_control(sock) == before


def test_what_is_no_connection_of_tcp_is_left_alone() -> None:
    """A UNIX socket, and one that is not connected."""
    one, other = socket.socketpair()
    with one, other, socket.socket() as unconnected:
        send_at_once(one)
        send_at_once(unconnected)
        assert congestion_control(unconnected) != b""
