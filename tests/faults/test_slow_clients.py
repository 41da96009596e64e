"""Slow clients hold sockets and no threads: everybody else is served, with nginx in front and without."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from app.storage.s3.reader import STANDSTILL
from dev.parts import nginx, processes
from tests.contract.server.client import head
from tests.faults import slow
from tests.faults.client import Client, content_of
from tests.faults.outages import percentile
from tests.faults.site import Site

COUNT = 200
MIB = 1 << 20
FILLING = 5.0
"""Seconds in which the readers fill the buffers on the way, at full speed: that is load, and not slowness."""


@pytest.fixture(scope="module", params=["alone", "behind nginx"])
def url(request: pytest.FixtureRequest, site: Site) -> Iterator[str]:
    """Where the service is reached."""
    with contextlib.ExitStack() as stack:
        if request.param == "alone":
            yield site.service.url
            return
        address = site.service.url.removeprefix("http://")
        yield stack.enter_context(nginx.running(site.service.folder / "slow-nginx", address, site.s3.endpoint))


@pytest.fixture(scope="module")
def package_id(site: Site) -> int:
    """A package that nobody reads to its end at 1 KB/s."""
    return int(site.client().put(content_of(9 * MIB)).json()["id"])


def test_slow_readers(site: Site, url: str, package_id: int) -> None:
    """200 readers at 1 KB/s: none is cut, others get all they ask for, and memory stays bounded."""
    client = Client(url, site.tokens["admin"])
    small = client.put(content_of(1000)).json()["id"]
    before = slow.others(client, small, site.service, 1)
    port = int(url.rpartition(":")[2])
    with slow.readers(port, site.tokens["agent"], package_id, COUNT) as crowd:
        time.sleep(FILLING)
        beside = slow.others(client, small, site.service, 4)
        assert crowd.cut == 0
        assert crowd.received > COUNT * slow.KIB
    assert beside.failures == 0
    assert beside.p99 < 2
    # Nothing where the kernel moves the bytes; else a block of 1 MiB each, and its connection's buffers.
    assert beside.memory - before.memory < COUNT * 4 * MIB


def test_half_sent_heads(site: Site, url: str, package_id: int) -> None:
    """200 heads that never end: others get all they ask for."""
    client = Client(url, site.tokens["admin"])
    small = client.put(content_of(1000)).json()["id"]
    port = int(url.rpartition(":")[2])
    with slow.half_sent_heads(port, COUNT):
        beside = slow.others(client, small, site.service, 4)
    assert beside.failures == 0
    assert beside.p99 < 2


def test_half_sent_logins(site: Site, url: str, package_id: int) -> None:
    """200 logins that never end: others get all they ask for."""
    client = Client(url, site.tokens["admin"])
    with slow.half_sent_logins(int(url.rpartition(":")[2]), COUNT):
        taken = slow.reads(client, package_id, 3)
    assert percentile(taken) < 2


def test_trickling_uploads(site: Site, package_id: int) -> None:
    """64 on two workers take all threads for bodies: others are served, further uploads are 503, and they end well."""
    client = site.client("admin")
    with slow.uploads(site.service.port, site.tokens["publisher"], 64) as crowd:
        assert len(crowd.sockets) == 64
        taken = slow.reads(client, package_id, 4)
        refused = client.put(content_of(slow.UPLOAD))
        assert (refused.status, "retry-after" in refused.headers) == (503, True)
        crowd.stopped.set()
        assert crowd.has_stopped.wait(10)
        assert {slow.finish_upload(sock, crowd.sent) for sock in crowd.sockets} == {201}
    assert percentile(taken) < 2


def begin_download(site: Site, package_id: int) -> socket.socket:
    """A download whose client has read nothing yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((processes.HOST, site.service.port))
    token = f"Authorization: Bearer {site.tokens['agent']}"
    client.sendall(head("GET", f"/api/v1/packages/{package_id}/download", token, "Connection: close"))
    return client


def read_to_end(client: socket.socket) -> bytes:
    """The body of the answer."""
    received = bytearray()
    with client, contextlib.suppress(ConnectionResetError):
        while block := client.recv(MIB):
            received += block
    return bytes(received).partition(b"\r\n\r\n")[2]


def test_a_storage_that_loses_patience(site: Site) -> None:
    """MinIO cuts what stands still for 30 s; a slow client gets its file nevertheless, whole."""
    content = content_of(20 * MIB)
    package_id = site.client().put(content).json()["id"]
    client = begin_download(site, package_id)
    time.sleep(STANDSTILL + 1)
    site.storage.cut()
    assert read_to_end(client) == content


def test_a_storage_that_ends_early(site: Site) -> None:
    """Cut while the client reads as fast as it can: the answer is cut too, and never looks whole."""
    content = content_of(20 * MIB)
    package_id = site.client().put(content).json()["id"]
    client = begin_download(site, package_id)
    assert client.recv(1000)
    site.storage.cut()
    assert len(read_to_end(client)) < len(content)
