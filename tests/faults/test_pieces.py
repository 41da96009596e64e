"""Uploads in pieces while what they stand on breaks: what was told is kept, and the file comes out whole."""

import contextlib
import http.client
import random
import signal
import socket
import time
from urllib.parse import urlsplit

import pytest

from app import breaker
from tests.faults.audit import leftovers, query
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.pieces import answered, begin, head, offset_of, patch, send_all
from tests.faults.proxy import proxying
from tests.faults.service import running
from tests.faults.site import Site
from tests.faults.test_lost_commit import losing

MIB = 1 << 20
PART = 8 * MIB


def published(admin: Client, name: str) -> str:
    """The SHA-256 of the package's bytes as they are downloaded."""
    [package] = answered(lambda: admin.get(f"/packages?name={name}")).json()
    return sha256(answered(lambda: admin.download(package["id"])).body)


class Sender:
    """A PATCH whose body is sent bit by bit, over a bare socket."""

    def __init__(self, site: Site, path: str, offset: int, length: int) -> None:
        self.socket = socket.create_connection(urlsplit(site.service.url).netloc.split(":"), timeout=20)  # type: ignore[arg-type]
        lines = (
            f"PATCH {path} HTTP/1.1",
            "Host: test",
            f"Authorization: Bearer {site.tokens['admin']}",
            f"Upload-Offset: {offset}",
            "Upload-Complete: ?0",
            "Content-Type: application/partial-upload",
            f"Content-Length: {length}",
        )
        self.socket.sendall("\r\n".join((*lines, "", "")).encode())

        self.sent = 0

    def send(self, content: bytes) -> None:
        """Send so much more of the body."""
        self.socket.sendall(content)
        self.sent += len(content)

    def answer(self) -> http.client.HTTPResponse:
        """The answer's status and headers."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        response.close()
        return response

    def close(self) -> None:
        """Go away."""
        self.socket.close()


def wait_for_offset(site: Site, path: str, least: int, trickle: "tuple[Sender, bytes] | None" = None) -> int:
    """The offset by the list, which takes nothing over, once it is at least so large; a byte is sent now and then."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        listed = site.client().get("/uploads?limit=500").json()
        offsets = [int(each["offset"]) for each in listed if each["url"].endswith(path)]
        if offsets and offsets[0] >= least:
            return offsets[0]
        if trickle:
            sender, content = trickle
            sender.send(content[sender.sent : sender.sent + 1])
        time.sleep(0.05)
    raise AssertionError("the offset does not move")


@pytest.mark.parametrize("size", [5, PART + 5])
def test_a_client_that_goes_loses_nothing(site: Site, admin: Client, size: int) -> None:
    """What came before is kept, to the byte, and the rest makes it whole."""
    content, name = content_of(3 * PART), unique_name()
    path = begin(admin, len(content), name)
    sender = Sender(site, path, 0, len(content))
    sender.send(content[:size])
    sender.close()
    assert wait_for_offset(site, path, size) == size
    answer = patch(admin, path, size, content[size:])
    assert (answer.status, answer.json()["checksum"]) == (201, sha256(content))
    assert leftovers(site).wrong == 0


def test_a_stop_ends_a_piece_at_once(site: Site, admin: Client) -> None:
    """At SIGTERM its tail is stored, and the client told so; the stop does not wait for it."""
    content, name = content_of(PART + 1000), unique_name()
    path = begin(admin, len(content), name)
    sender = Sender(site, path, 0, len(content))
    sender.send(content[: PART + 10])
    wait_for_offset(site, path, PART, (sender, content))
    site.service.signal(signal.SIGTERM)
    answer = sender.answer()
    assert (answer.status, answer.headers["Upload-Offset"]) == (503, str(sender.sent))
    sender.close()
    assert site.service.process is not None
    code = site.service.process.wait(60)
    site.service.start(wait_for="/health/ready")
    assert code == 0
    assert send_all(admin, path, content) == len(content)
    assert published(admin, name) == sha256(content)


def test_another_takes_it_over(site: Site, admin: Client) -> None:
    """What the older piece has brought is kept; then it ends with 503 and adds nothing, the newer one publishes."""
    content, name = content_of(3 * PART), unique_name()
    path = begin(admin, len(content), name)
    older = Sender(site, path, 0, len(content))
    older.send(bytes(PART + 100))
    wait_for_offset(site, path, PART, (older, bytes(len(content))))
    offset = offset_of(head(admin, path))
    assert offset == older.sent
    newer = patch(admin, path, offset, content[offset:])
    assert newer.status == 201
    with contextlib.suppress(OSError):
        older.send(bytes(len(content) - older.sent))
    assert older.answer().status == 503
    older.close()
    expected = bytes(offset) + content[offset:]
    assert published(admin, name) == sha256(expected)
    assert leftovers(site).wrong == 0


@pytest.mark.parametrize("size", [1000, PART + 1000])
def test_a_lost_answer_of_the_publishing_commit(site: Site, admin: Client, size: int) -> None:
    """It took effect or not: the client that goes on ends with one package and nothing besides."""
    time.sleep(breaker.TRY_EVERY)
    content, name = content_of(size), unique_name()
    path = begin(admin, size, name)
    with losing(site, b"INSERT INTO packages"), contextlib.suppress(OSError, http.client.HTTPException):
        patch(admin, path, 0, content)
    send_all(admin, path, content)
    assert published(admin, name) == sha256(content)
    assert leftovers(site).wrong == 0


def test_a_completion_without_a_commit(site: Site, admin: Client) -> None:
    """The object stands and the transaction failed: the next piece finds it, compares and publishes."""
    time.sleep(breaker.TRY_EVERY)
    content, name = content_of(PART + 1000), unique_name()
    path = begin(admin, len(content), name)
    assert patch(admin, path, 0, content[:PART]).status == 204
    # The multipart upload is gone, and its object is there, as after a crash between the two.
    with losing(site, b"INSERT INTO packages", cut=True):
        assert patch(admin, path, PART, content[PART:]).status == 503
    send_all(admin, path, content)
    assert published(admin, name) == sha256(content)
    assert leftovers(site).wrong == 0


def test_lost_parts_end_an_upload(site: Site, admin: Client) -> None:
    """The S3 has dropped them: 410 with the reason."""
    content = content_of(2 * PART + 1000)
    path = begin(admin, len(content))
    assert patch(admin, path, 0, content[: PART + 7]).status == 204
    [(key,)] = query(site, "SELECT object_key FROM uploads WHERE state = 'open' ORDER BY created_at DESC LIMIT 1")
    site.parts.storage.abort_uploads(key)
    answer = patch(admin, path, PART + 7, content[PART + 7 :])
    assert (answer.status, "lost" in answer.json()["detail"]) == (410, True)
    assert head(admin, path).status == 410
    assert leftovers(site).wrong == 0


def test_reconcile_gives_up_idle_uploads(site: Site, admin: Client) -> None:
    """`--grace 0` removes what has had no byte; without it only expired ones go."""
    content = content_of(PART + 1000)
    path = begin(admin, 2 * PART)
    assert patch(admin, path, 0, content).status == 204
    assert site.service.command("storage", "reconcile").returncode == 0
    assert offset_of(head(admin, path)) == len(content)
    assert site.service.command("storage", "reconcile", "--grace", "0").returncode == 0
    assert head(admin, path).status == 404
    assert leftovers(site).wrong == 0


def test_two_instances_through_a_proxy_that_cuts(site: Site, admin: Client) -> None:
    """Pieces go to one instance and the other, over a line that breaks: the same bytes come out."""
    content, name = content_of(24 * MIB), unique_name()
    with (
        running(site.service.folder, **site.service.sections) as other,
        proxying(site.service.port) as proxy,
    ):
        passed = [0]

        def watch(block: bytes) -> bool:
            passed[0] += len(block)
            if passed[0] > 7 * MIB:
                passed[0] = 0
                proxy.upstream = (proxy.upstream[0], random.choice((site.service.port, other.port)))
                proxy.cut()
            return True

        client = Client(f"http://{proxy.address}", admin.token)
        path = begin(client, len(content), name)
        proxy.watch = watch
        send_all(client, path, content)
    assert published(admin, name) == sha256(content)
    assert leftovers(site).wrong == 0
