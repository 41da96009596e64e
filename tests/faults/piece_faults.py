"""Faults of uploads in pieces, each of which raises AssertionError if a byte was lost or something stays behind."""

import concurrent.futures
import contextlib
import http.client
import signal
import threading
import time
from collections.abc import Callable, Iterator

from app import breaker
from tests import threads
from tests.databases import execute
from tests.faults import outages, piece_storage
from tests.faults.audit import leftovers, query
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.piece_kills import PART, published
from tests.faults.piece_storage import Scenario, settled
from tests.faults.pieces import PieceSender, answered, begin, head, offset_of, patch, send_all, tried
from tests.faults.service import running
from tests.faults.site import Site, frozen

OUTAGES: dict[str, outages.Fault] = {
    **{name: fault for name, fault in outages.STORAGE_FAULTS.items() if "bucket" not in name},
    **outages.DATABASE_FAULTS,
    "S3 full": lambda site: outages.refused_by_s3(site, 507),
}
"""A bucket that is gone has taken the parts along: that is 410."""


def outage(site: Site, name: str) -> None:
    """503 with Retry-After, or 507 where it is full; what was told is kept, and goes on afterwards."""
    content, package = content_of(3 * PART), unique_name()
    client = site.client()
    path = begin(client, len(content), package)
    assert patch(client, path, 0, content[: PART + 7]).status == 204
    with OUTAGES[name](site):
        answer = patch(client, path, PART + 7, content[PART + 7 :])
        assert answer.status == (507 if "full" in name else 503), answer
        assert answer.status == 507 or answer.headers["retry-after"]
    time.sleep(breaker.TRY_EVERY)
    sender = PieceSender(client, path, content, told=PART + 7)
    sender.send_all()
    assert sender.went_back == 0
    settled(site, package, content)


def several_writers(site: Site) -> None:
    """Three who send the same file at once take it over from each other, and it comes out whole, once."""
    content, name = content_of(3 * PART), unique_name()
    path = begin(site.client(), len(content), name)
    senders = [PieceSender(site.client(), path, content) for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(len(senders)) as pool:
        told = list(pool.map(PieceSender.send_all, senders))
    assert told == [len(content)] * len(senders)
    assert not any(sender.went_back for sender in senders)
    settled(site, name, content)


def rolling_restarts(site: Site) -> None:
    """SIGHUP again and again while one file after the other is sent: nothing that was sent is asked for again."""
    done = threading.Event()

    def restart() -> None:
        try:
            for _ in range(3):
                assert site.service.process
                before = site.service.workers()
                site.service.signal(signal.SIGHUP)
                deadline = time.monotonic() + 20
                while before & site.service.workers() and time.monotonic() < deadline:
                    time.sleep(0.05)
        finally:
            done.set()

    with threads.running(restart):
        while not done.is_set():
            content, name = content_of(2 * PART + 9), unique_name()
            sender = PieceSender(site.client(), begin(site.client(), len(content), name), content)
            sender.send_all()
            assert (sender.went_back, published(site.client(), name)) == (0, sha256(content))
    site.service.until_ready()
    assert leftovers(site).wrong == 0


def nobody_comes_back(site: Site) -> None:
    """An upload that expires goes with all that was stored of it, parts and tail."""
    client = site.client()
    path = begin(client, 3 * PART)
    assert patch(client, path, 0, content_of(PART + 7)).status == 204
    upload_id = path.rpartition("/")[2]
    execute(site.direct_url, f"UPDATE uploads SET expires_at = now() WHERE id = '{upload_id}'")
    assert head(client, path).status == 404
    assert site.service.command("storage", "reconcile").returncode == 0
    assert query(site, f"SELECT count(*) FROM uploads WHERE id = '{upload_id}'") == [(0,)]
    assert leftovers(site).wrong == 0


def cut_while_it_stores(site: Site) -> None:
    """A client that comes again at once need not send again what the old piece is still storing."""
    content, name = content_of(3 * PART), unique_name()
    client = site.client()
    path = begin(client, len(content), name)
    sent = 2 * PART + PART // 2

    def blocks() -> Iterator[bytes]:
        yield content[:sent]
        raise ConnectionAbortedError

    site.storage.delay = 0.01
    try:
        with contextlib.suppress(OSError, http.client.HTTPException):
            patch(client, path, 0, blocks(), Content_Length=str(len(content)))
        assert offset_of(answered(lambda: head(client, path))) == sent
    finally:
        site.storage.delay = 0.0
    assert send_all(client, path, content) == len(content)
    settled(site, name, content)


def frozen_worker(site: Site) -> None:
    """A worker that stands still holds nobody up for longer than 3 s, and adds nothing when it goes on."""
    content, name = content_of(2 * PART), unique_name()
    client = site.client()
    path = begin(client, len(content), name)

    def blocks() -> Iterator[bytes]:
        yield bytes(PART + 1)
        came.set()
        go_on.wait(20)
        yield bytes(PART - 1)

    came, go_on = threading.Event(), threading.Event()
    with (
        running(site.service.folder, **site.service.sections) as other,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        older = pool.submit(tried, lambda: patch(client, path, 0, blocks(), Content_Length=str(len(content))))
        assert came.wait(10)
        assert site.service.process
        with frozen(site.service.process.pid):
            asked = time.monotonic()
            offset = offset_of(head(Client(other.url, client.token), path))
            assert time.monotonic() - asked < 3
            whole = bytes(offset) + content[offset:]
            assert patch(Client(other.url, client.token), path, offset, whole[offset:]).status == 201
        go_on.set()
        assert older.result(60) is None
    settled(site, name, whole)


SCENARIOS: list[Scenario] = [
    several_writers,
    cut_while_it_stores,
    frozen_worker,
    *piece_storage.SCENARIOS,
    rolling_restarts,
    nobody_comes_back,
]


def failed(site: Site) -> list[str]:
    """Which of all scenarios and outages do not end as they must."""
    runs: dict[str, Callable[[], None]] = {
        **{run.__name__: (lambda run=run: run(site)) for run in SCENARIOS},  # type: ignore[misc]
        **{name: (lambda name=name: outage(site, name)) for name in OUTAGES},  # type: ignore[misc]
    }
    wrong = []
    for name, run in runs.items():
        try:
            run()
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    return wrong
