"""The addresses of a storage's name take turns."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from app.storage.s3 import dialer
from app.storage.s3.dialer import Dialer

NODES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
NOWHERE = "127.0.0.9"


@pytest.fixture
def nodes() -> Iterator[int]:
    """Three nodes that listen on one port, which it gives."""
    with contextlib.ExitStack() as stack:
        port = 0
        for node in NODES:
            port = stack.enter_context(socket.create_server((node, port))).getsockname()[1]
        yield port


def dialled(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str, times: int = 6) -> list[str]:
    """The addresses that connections are made to, one after the other, of a name that has these."""
    named = [(socket.AF_INET, (address, port)) for address in addresses]
    monkeypatch.setattr(dialer, "_look_up", lambda *_: named)
    connecting, reached = Dialer(f"storage:{port}", use_ssl=False), []
    for _ in range(times):
        with connecting.connect(1) as sock:
            reached.append(sock.getpeername()[0])
    return reached


def test_every_node_has_its_share(monkeypatch: pytest.MonkeyPatch, nodes: int) -> None:
    """One after the other is dialled first."""
    assert dialled(monkeypatch, nodes, *NODES) == [*NODES, *NODES]


def test_what_failed_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch, nodes: int) -> None:
    """Each of the others is reached at once: the one that is away is tried only once."""
    tried: list[str] = []
    connect = Dialer._connected

    def noted(self: Dialer, family: socket.AddressFamily, address: tuple[str, int], *limits: float) -> socket.socket:
        tried.append(address[0])
        return connect(self, family, address, *limits)

    monkeypatch.setattr(Dialer, "_connected", noted)
    reached = dialled(monkeypatch, nodes, NOWHERE, *NODES, times=9)
    assert set(reached) == set(NODES)
    assert tried.count(NOWHERE) == 1


def test_all_are_tried_where_all_have_failed(monkeypatch: pytest.MonkeyPatch, nodes: int) -> None:
    """To be avoided is to come last, and not to be given up."""
    monkeypatch.setattr(dialer, "AVOIDED", 1000.0)
    named = [(socket.AF_INET, (node, nodes)) for node in NODES]
    monkeypatch.setattr(dialer, "_look_up", lambda *_: named)
    connecting = Dialer(f"storage:{nodes}", use_ssl=False)
    connecting._avoided_until = dict.fromkeys(named, float("inf"))
    connecting.connect(1).close()
