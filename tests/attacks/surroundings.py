"""What the service's surroundings do on bad days: the proxy's rules, a log collector, a full disk, an upgrade."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.checkout import PROJECT
from dev.parts import nginx, processes
from tests.attacks.probes import watching
from tests.attacks.row import Row
from tests.attacks.sizes import Sizes
from tests.faults import upgrades
from tests.faults.client import Client
from tests.faults.service import GUNICORN, Service
from tests.faults.site import Site
from tests.integration.delivery.test_nginx_refusals import REFUSED, asked

RESTARTS = 3
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


def odd_requests_to_the_proxy(site: Site, _sizes: Sizes) -> Row:
    """C1: what nginx refuses by itself has the service's form."""
    row = Row("C1 what nginx refuses by itself", f"{len(REFUSED)} odd requests")
    address = site.service.url.removeprefix("http://")
    with nginx.running(site.service.folder / "nginx-odd", address, site.s3.endpoint) as url:
        answers = [asked(url.removeprefix("http://"), line, headers) for line, headers, _ in REFUSED.values()]
    row.count(answer.status for answer in answers)
    row.must(all(answer.is_problem(answer.status) for answer in answers), "problem+json")
    row.must(all(400 <= answer.status < 500 for answer in answers), "4xx")
    return row


@contextlib.contextmanager
def with_full_pipe(service: Service) -> Iterator[Service]:
    """The service, whose standard error is a pipe that nobody reads."""
    environ = {**os.environ, **service.environ}
    started = subprocess.Popen(GUNICORN, stderr=subprocess.PIPE, env=environ, cwd=PROJECT)
    with processes.ended_at_last(started) as master:
        service.process = master
        try:
            service.until_ready("/health/ready")
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


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A file system without a free byte."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", folder], check=True, timeout=30)
    try:
        with contextlib.suppress(OSError):
            (folder / "filling").write_bytes(b"x" * 65536)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=30)


def full_disk_of_metrics(site: Site, sizes: Sizes) -> Row:
    """B1: the disk where temporary files and metrics would be is full, and workers die and start again."""
    row = Row("B1 a full disk, dying workers", f"all workers killed {RESTARTS} times")
    second, agent = Service(site.service.folder, site.service.sections), site.tokens["agent"]
    with full_disk(site.service.folder / "full") as folder, pytest.MonkeyPatch.context() as environ:
        environ.setenv("TMPDIR", str(folder))
        environ.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
        second.start(wait_for="/health/ready")
        try:
            for _ in range(RESTARTS):
                second.kill_workers()
                second.until_ready()
            with watching(second, Client(second.url, agent)) as others:
                time.sleep(sizes.seconds / 2)
        finally:
            second.stop()
        row.answered["files left"] = len(list(folder.iterdir())) - 1
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    row.must(row.answered["files left"] == 0, "no file is left")
    row.must("SIGBUS" not in second.log.read_text(), "no SIGBUS")
    return row


def upgrade_beside_readers(site: Site, sizes: Sizes) -> Row:
    """B9: nobody waits for a migration, whoever reads the tables meanwhile."""
    rows = sizes.migrated
    row = Row("B9 db upgrade beside traffic", f"all revisions, {rows} packages, a pg_dump beside each")
    found = upgrades.migrate_beside_traffic(site.postgres, rows=rows, hold=3)
    row.answered = {"requests": found.traffic.requests, "longest, s": round(found.longest, 2)}
    row.must(not found.traffic.failed, "no request fails")
    row.must(found.longest <= upgrades.LIMIT, f"none waits longer than {upgrades.LIMIT} s")
    return row
