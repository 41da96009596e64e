"""Stopping and restarting: what is in progress finishes, and behind nginx nobody notices."""

import contextlib
import http.client
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from dev.parts import nginx
from tests import threads
from tests.faults.audit import leftovers
from tests.faults.client import Answer, Client, content_of, unique_name
from tests.faults.service import Service
from tests.faults.site import Site

GRACE = 5
"""Seconds of graceful_timeout in tests/faults/service.py."""


@pytest.fixture
def stopped(site: Site) -> Iterator[Service]:
    """An instance beside the site's own, to be stopped."""
    service = Service(site.service.folder, site.service.sections)
    service.start()
    try:
        yield service
    finally:
        service.kill()


def slowly(content: bytes, seconds: float) -> Iterator[bytes]:
    """The content in 20 pieces over this time."""
    size = len(content) // 20 + 1
    for start in range(0, len(content), size):
        yield content[start : start + size]
        time.sleep(seconds / 20)


def uploading(service: Service, site: Site, seconds: float) -> tuple[threading.Thread, list[Answer | Exception]]:
    """An upload that takes this long, in a thread, and where its outcome will be."""
    outcome: list[Answer | Exception] = []

    def upload() -> None:
        try:
            client = Client(service.url, site.tokens["publisher"])
            outcome.append(client.put(slowly(content_of(200_000), seconds), name=unique_name()))
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    [thread] = threads.start(upload)
    time.sleep(0.7)
    return thread, outcome


def test_an_upload_in_progress_finishes(site: Site, stopped: Service) -> None:
    """SIGTERM in the middle of an upload: it is published, and the service exits with 0."""
    thread, outcome = uploading(stopped, site, seconds=2)
    assert stopped.stop() == 0
    threads.join([thread])
    assert isinstance(outcome[0], Answer)
    assert outcome[0].status == 201
    assert site.client().download(outcome[0].json()["id"]).status == 200


def test_an_upload_that_takes_too_long_is_cut(site: Site, stopped: Service) -> None:
    """After graceful_timeout what still runs is cut, the exit code is 0, and reconcile finds nothing lost."""
    thread, outcome = uploading(stopped, site, seconds=4 * GRACE)
    started = time.monotonic()
    assert stopped.stop() == 0
    assert time.monotonic() - started < GRACE + 5
    threads.join([thread])
    assert not isinstance(outcome[0], Answer) or outcome[0].status >= 400
    assert leftovers(site).wrong == 0


def test_an_interrupt_of_idle_connections(site: Site, stopped: Service) -> None:
    """Kept connections without a request do not hold the stop up."""
    connection = http.client.HTTPConnection(stopped.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/health/live")
    connection.getresponse().read()
    started = time.monotonic()
    assert stopped.stop() == 0
    assert time.monotonic() - started < GRACE + 3
    connection.close()


def test_a_rolling_restart_behind_nginx(site: Site, stopped: Service) -> None:
    """Two instances restarted one after the other under load: no request is lost, of whatever kind."""
    first, second = site.service, stopped
    folder = site.service.folder / "rolling-nginx"
    wrong: list[str] = []
    served: list[int] = []
    stop = threading.Event()
    addresses = [f"127.0.0.1:{each.port}" for each in (first, second)]
    with nginx.running(
        folder, f"{addresses[0]} max_fails=0; server {addresses[1]} max_fails=0", site.s3.endpoint
    ) as url:

        def ask() -> None:
            client = Client(url, site.tokens["admin"])
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    content = content_of(3000)
                    upload = client.put(content)
                    answers = [upload]
                    if upload.status == 201:
                        answers.append(client.download(upload.json()["id"]))
                    answers.append(client.get("/packages?limit=5"))
                    served.extend(answer.status for answer in answers)
                    wrong.extend(f"{answer.status} {answer.body[:200]!r}" for answer in answers if answer.status >= 400)

        with threads.running(*[ask] * 4, stop=stop):
            for each in (second, first, second):
                assert each.process
                each.signal(signal.SIGTERM)
                each.process.wait(20)
                each.start(wait_for="/health/ready")
    assert wrong == []
    assert len(served) > 20
