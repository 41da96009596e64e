"""A COMMIT whose answer is lost: what took effect is never undone, what did not leaves nothing."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from app import breaker
from tests.faults.audit import leftovers, query
from tests.faults.client import Answer, Client, content_of, unique_name
from tests.faults.site import Site


class Loss:
    """Loses the answer to the COMMIT that follows `statement`, or the COMMIT itself, by silence or by a cut."""

    def __init__(self, site: Site, statement: bytes, *, cut: bool) -> None:
        self._site = site
        self._statement = statement
        self._cut = cut
        self._armed = False
        self.happened = False

    def __call__(self, block: bytes) -> bool:
        """A proxy's watch."""
        self._armed |= self._statement in block
        if not self._armed or b"COMMIT" not in block or self.happened:
            return True
        self.happened = True
        if self._cut:
            self._site.database.cut()
        return False


@contextlib.contextmanager
def losing(site: Site, statement: bytes, *, cut: bool = False) -> Iterator[Loss]:
    """The loss happens once within the block, and must."""
    loss = Loss(site, statement, cut=cut)
    site.database.watch = loss
    try:
        yield loss
    finally:
        site.database.watch = lambda _: True
    assert loss.happened


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """A worker that has lost the only answer it waited for refuses for half a second: let that pass."""
    yield
    time.sleep(breaker.TRY_EVERY)


def sent_again(admin: Client, name: str, content: bytes) -> Answer:
    """What a client does that has got a 503."""
    deadline = time.monotonic() + 8
    while (answer := admin.put(content, name=name)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.3)
    return answer


def test_the_answer_is_swallowed(site: Site, admin: Client) -> None:
    """The publication took effect and nobody was told: 503 in time, and sending again finds it published."""
    name, content = unique_name(), content_of(1000)
    with losing(site, b"INSERT INTO packages"):
        answer = admin.put(content, name=name)
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert answer.seconds < 3
    again = sent_again(admin, name, content)
    assert again.status == 200
    time.sleep(breaker.TRY_EVERY)
    assert admin.download(again.json()["id"]).body == content
    assert leftovers(site).wrong == 0


@pytest.mark.parametrize("round_", range(3))
def test_the_connection_is_cut(site: Site, admin: Client, round_: int) -> None:
    """Cut around the COMMIT: the ledger tells whether it took effect; a 201 is downloadable, a 503 left nothing."""
    name, content = unique_name(), content_of(1000)
    with losing(site, b"INSERT INTO packages", cut=True):
        answer = admin.put(content, name=name)
    assert answer.status in (201, 503)
    rows = query(site, f"SELECT id FROM packages WHERE name = '{name}'")
    if answer.status == 201:
        assert [(answer.json()["id"],)] == rows
    again = sent_again(admin, name, content)
    assert again.status in (200, 201)
    assert admin.download(again.json()["id"]).body == content
    assert leftovers(site).wrong == 0


def test_the_commit_of_a_delete(site: Site, admin: Client) -> None:
    """A delete whose COMMIT was not answered has taken effect: a repeat is 404, and reconcile removes the bytes."""
    package_id = admin.put(content_of(1000)).json()["id"]
    with losing(site, b"DELETE FROM packages"):
        assert admin.delete(package_id).status == 503
    deadline = time.monotonic() + 8
    while (status := admin.delete(package_id).status) == 503 and time.monotonic() < deadline:
        time.sleep(0.3)
    assert status == 404
    assert leftovers(site).wrong == 0


def test_the_commit_of_the_key(site: Site, admin: Client) -> None:
    """When not even the ledger's note is sure nothing is written to the storage."""
    with losing(site, b"INSERT INTO objects"):
        assert admin.put(content_of(1000)).status == 503
    assert leftovers(site).wrong == 0
