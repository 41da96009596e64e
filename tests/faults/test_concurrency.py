"""Many at once: of everything that can collide, each has one of the outcomes that the contract names."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from dev.checkout import PROJECT
from dev.parts import processes
from tests.databases import execute
from tests.faults.audit import Acknowledged, examine, leftovers, query
from tests.faults.client import Answer, Client, content_of, next_page, sha256, unique_name
from tests.faults.service import FLASK
from tests.faults.site import Site


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of calls that start together."""
    barrier = threading.Barrier(len(calls))

    def called(call: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(called, calls))


def patiently(call: Callable[[], Answer]) -> Answer:
    """Ask again after a 503, as clients should."""
    for _ in range(20):
        answer = call()
        if answer.status != 503:
            return answer
        time.sleep(0.3)
    return answer


def test_100_uploads_of_the_same_bytes(site: Site, admin: Client) -> None:
    """One is created, all others get it: 200 with its id; one object stays."""
    name, content = unique_name(), content_of(5000)
    answers = at_once([lambda: patiently(lambda: admin.put(content, name=name))] * 100)
    assert Counter(answer.status for answer in answers) == {201: 1, 200: 99}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert leftovers(site).wrong == 0


def test_100_uploads_of_different_bytes(site: Site, admin: Client) -> None:
    """One wins, 99 get 409, and what is served is the winner's."""
    name = unique_name()
    contents = [content_of(5000) for _ in range(100)]
    calls = [lambda content=content: patiently(lambda: admin.put(content, name=name)) for content in contents]
    answers = at_once(calls)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 99}
    winner = next(number for number, answer in enumerate(answers) if answer.status == 201)
    assert admin.download(answers[winner].json()["id"]).body == contents[winner]
    assert leftovers(site).wrong == 0


def test_deletes_against_downloads(site: Site, admin: Client) -> None:
    """A download beside a delete is the whole file or a 404, and nothing between; one delete wins."""
    for _ in range(5):
        content = content_of(300_000)
        package_id = admin.put(content).json()["id"]
        downloads = [lambda package_id=package_id: admin.download(package_id)] * 8
        deletes = [lambda package_id=package_id: patiently(lambda: admin.delete(package_id))] * 2
        answers = at_once([*downloads, *deletes])
        assert all(answer.body == content for answer in answers[:8] if answer.status == 200)
        assert {answer.status for answer in answers[:8]} <= {200, 404}
        assert sorted(answer.status for answer in answers[8:]) == [204, 404]


def test_deletes_against_uploads(site: Site, admin: Client) -> None:
    """The same coordinates uploaded and deleted at once: whatever the order was, row and bytes agree at the end."""
    name, content = unique_name(), content_of(5000)
    admin.put(content, name=name)

    def delete() -> Answer:
        listed = admin.get(f"/packages?name={name}").json()
        return admin.delete(listed[0]["id"]) if listed else Answer(404, {}, b"", 0)

    for _ in range(5):
        uploads = [lambda: admin.put(content, name=name)] * 6
        answers = at_once([*uploads, *[lambda: patiently(delete)] * 4])
        assert {answer.status for answer in answers[:6]} <= {200, 201, 503}
        assert {answer.status for answer in answers[6:]} <= {204, 404}
        findings = examine(site, admin, Acknowledged())
        assert findings.wrong == 0, findings
    assert leftovers(site).wrong == 0


def test_listing_while_others_upload(site: Site, admin: Client) -> None:
    """Each row that is there at the first page comes exactly once, whatever is added meanwhile."""
    before = {admin.put(content_of(10)).json()["id"] for _ in range(20)}
    stop = threading.Event()

    def upload() -> None:
        while not stop.is_set():
            admin.put(content_of(10))

    for sort in ("-created_at", "name", "version"):
        stop.clear()
        with ThreadPoolExecutor(2) as pool:
            uploads = [pool.submit(upload) for _ in range(2)]
            try:
                seen = Counter(row["id"] for row in pages(admin, sort))
            finally:
                stop.set()
            for each in uploads:
                each.result(60)
        assert max(seen.values()) == 1
        assert before <= seen.keys()


def pages(admin: Client, sort: str) -> list[dict[str, Any]]:
    """The list in pages of 5."""
    path, rows = f"/api/v1/packages?limit=5&sort={sort}", []
    while path and len(rows) < 20_000:
        answer = admin.request("GET", path)
        rows += answer.json()
        path = next_page(answer.headers.get("link", ""))
    return rows


def test_reconcile_beside_live_uploads(site: Site, admin: Client) -> None:
    """A reconciler without any grace makes uploads fail with 503, and never one that was acknowledged."""
    stop = threading.Event()
    acknowledged = Acknowledged()
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def upload() -> None:
        while not stop.is_set():
            content = content_of(20_000)
            answer = admin.put(content)
            with lock:
                statuses[answer.status] += 1
                if answer.status == 201:
                    acknowledged.uploads[answer.json()["id"]] = sha256(content)

    with ThreadPoolExecutor(4) as pool:
        uploads = [pool.submit(upload) for _ in range(4)]
        end = time.monotonic() + 4
        try:
            while time.monotonic() < end:
                assert site.parts.reconciler.run(timedelta(0)).failed == 0
        finally:
            stop.set()
        for each in uploads:
            each.result(60)
    assert set(statuses) <= {201, 503}
    assert statuses[201]
    assert examine(site, admin, acknowledged).wrong == 0
    assert leftovers(site).wrong == 0


def test_migrations_at_once(site: Site) -> None:
    """Of several migrations of an empty database at once one works, and all succeed."""
    name = "migrated_at_once"
    url = site.postgres.url(name)
    execute(site.postgres.url(), f"CREATE DATABASE {name}")
    try:
        environ = {**site.service.environ, "OPAMP_PACKAGES_DATABASE__URL": url}
        command = [*FLASK, "db", "upgrade"]
        ended = at_once([lambda: processes.complete(command, env=environ, cwd=PROJECT)] * 3)
        assert [each.returncode for each in ended] == [0, 0, 0], ended[0].stdout
    finally:
        execute(site.postgres.url(), f"DROP DATABASE {name} WITH (FORCE)")
    assert query(site, "SELECT count(*) FROM alembic_version") == [(1,)]
