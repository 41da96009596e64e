"""What the service's surroundings do on bad days: the proxy's rules, a log collector, another's storage."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

from dev.checkout import PROJECT
from dev.parts import nginx
from tests.attacks.probes import watching
from tests.attacks.row import Row
from tests.attacks.sizes import Sizes
from tests.faults.client import Client
from tests.faults.service import GUNICORN, Service
from tests.faults.site import Site

CLOSED = ("//metrics", "/%2fmetrics", "//health/live", "/%2fhealth/live", "/_s3/attacks/x")
LINES = 600
"""Requests whose log lines are more than a pipe of 64 KiB holds."""


def around_the_proxy(site: Site, _sizes: Sizes) -> Row:
    """A7: a path means what it says, to nginx and to the service."""
    row = Row("A7 ways around nginx's rules", ", ".join(CLOSED))
    address = site.service.url.removeprefix("http://")
    with nginx.running(site.service.folder / "nginx", address, site.s3.endpoint) as url:
        row.count(Client(url).request("GET", path).status for path in CLOSED)
    row.must(row.answered == {"404": len(CLOSED)}, "404")
    return row


@contextlib.contextmanager
def with_full_pipe(service: Service) -> Iterator[Service]:
    """The service, whose standard error is a pipe that nobody reads."""
    environ = {**os.environ, **service.environ}
    with subprocess.Popen(GUNICORN, stderr=subprocess.PIPE, env=environ, cwd=PROJECT) as master:
        service.process = master
        try:
            service.wait("/health/ready")
            for _ in range(LINES):
                Client(service.url).request("GET", "/health/live")
            yield service
        finally:
            master.send_signal(signal.SIGTERM)
            master.wait(20)


def standing_collector(site: Site, sizes: Sizes) -> Row:
    """B7: lines that standard error does not take are kept or dropped, and nobody waits for it."""
    row = Row("B7 a log collector that stands", f"nobody reads standard error, {LINES} requests and more")
    second, agent = Service(site.service.folder, site.service.sections), site.tokens["agent"]
    with with_full_pipe(second), watching(second, Client(second.url, agent)) as others:
        time.sleep(sizes.seconds)
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    return row


def another_storage(site: Site, _sizes: Sizes) -> Row:
    """B8: a service with another's bucket says so, and does nothing with it."""
    row = Row("B8 the wrong bucket", "a second service with another bucket, a download")
    package = site.client().put(b"of the right bucket").json()["id"]
    minio = {**site.service.sections["minio"], "bucket": "another"}
    second = Service(site.service.folder, {**site.service.sections, "minio": minio})
    second.start()
    try:
        client = Client(second.url, site.tokens["admin"])
        row.count([client.request("GET", "/health/ready").status, client.download(package).status])
    finally:
        second.stop()
    row.must(row.answered == {"503": 2}, "503")
    row.must(site.client().download(package).body == b"of the right bucket", "the right one goes on")
    return row
