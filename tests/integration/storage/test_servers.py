"""The servers that misbehave end when their clients go, at whatever moment."""

import socket
import threading

import pytest

from dev.parts import processes
from tests.faults.refusing_s3 import refusing_s3
from tests.integration.storage.servers import Behaviour, Gateway, answering, cutting, saying, serving, swallow

HALF = b"PUT /bucket/key HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf"


def leave(endpoint: str) -> None:
    """Send half of a body and go."""
    host, _, port = endpoint.partition(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(HALF)


@pytest.mark.parametrize("behaviour", [answering(503, "SlowDown"), saying(b"HTTP/1.1 204 X\r\n\r\n")])
def test_half_a_body(behaviour: Behaviour) -> None:
    """Its rest is not waited for once the client has gone."""
    with serving(behaviour) as endpoint:
        leave(endpoint)


@pytest.mark.parametrize("proxy", [lambda upstream: cutting(upstream, 10), Gateway])
def test_an_upstream_that_keeps_connections(proxy: type[Gateway]) -> None:
    """A proxy leaves it when its own client has gone."""
    with serving(swallow) as upstream, serving(proxy(upstream)) as endpoint:
        leave(endpoint)


def test_half_a_body_to_a_refusing_s3() -> None:
    """Its thread ends, where it would use a processor for the rest of the run."""
    before = threading.active_count()
    with refusing_s3(503) as port:
        leave(f"{processes.HOST}:{port}")
        processes.wait_until(lambda: threading.active_count() <= before + 1, "The end of its thread", 20)
