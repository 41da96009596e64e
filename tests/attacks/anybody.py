"""What anybody can do who reaches the port, without a token."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator

from dev.parts.processes import HOST
from tests.attacks.probes import cpu, watching
from tests.attacks.row import Row
from tests.attacks.sizes import Sizes
from tests.contract.server.client import head
from tests.faults import slow
from tests.faults.client import PATIENCE, Client
from tests.faults.site import Site

PASSWORD = "a password of the attacks"
LOGIN = "/api/v1/auth/login"


def log_in(client: Client, name: str) -> int:
    """A login with the right password; its status."""
    body = json.dumps({"username": name, "password": PASSWORD}).encode()
    return client.request("POST", LOGIN, body, Content_Type="application/json").status


def make_user(site: Site, name: str) -> None:
    """A user with PASSWORD."""
    body = json.dumps({"username": name, "password": PASSWORD, "role": "agent"}).encode()
    answer = site.client().request("POST", "/api/v1/users", body, Content_Type="application/json")
    assert answer.status == 201, answer.body


def half_sent_logins(site: Site, sizes: Sizes) -> Row:
    """A2: bodies that never end hold no thread."""
    row = Row("A2 half-sent logins", f"{sizes.half_sent} logins whose bodies never end")
    make_user(site, "right")
    agent = site.client("agent")
    with slow.half_sent_logins(site.service.port, sizes.half_sent), watching(site.service, agent) as others:
        time.sleep(sizes.seconds / 2)
        row.answered["a right login"] = log_in(Client(site.service.url), "right")
        time.sleep(sizes.seconds / 2)
    row.beside(others)
    row.must_serve(0.25 * sizes.patience)
    row.must(row.answered["a right login"] == 200, "a right login works")
    return row


def refused_bodies(site: Site, sizes: Sizes) -> Row:
    """A2: bodies that are announced and never come, to what takes none."""
    row = Row("A2 bodies that never come", f"21/s GET with Content-Length: 100, {sizes.seconds:g} s")
    request = head("GET", "/health/live", "Content-Length: 100")
    with contextlib.ExitStack() as stack, watching(site.service, site.client("agent")) as others:
        for _ in range(int(21 * sizes.seconds)):
            client = stack.enter_context(socket.create_connection((HOST, site.service.port), 20))
            client.sendall(request)
            time.sleep(1 / 21)
    row.beside(others)
    row.must_serve(0.25 * sizes.patience)
    return row


def idle_connections(site: Site, sizes: Sizes) -> Row:
    """A6: the longest idle makes room."""
    row = Row("A6 idle connections", f"{sizes.idle} that asked once and stay")
    with slow.idle(site.service.port, sizes.idle), watching(site.service, site.client("agent")) as others:
        time.sleep(sizes.seconds / 2)
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    return row


def many_logins(site: Site, sizes: Sizes) -> Row:
    """B4: logins have threads and a queue of their own, and none waits long in it."""
    row = Row("B4 logins at once", f"{sizes.logins}, each of another name, and a right one beside them")
    make_user(site, "patient")
    guesses = [_guess(number) for number in range(sizes.logins)]
    with watching(site.service, site.client("agent")) as others, _sent(site.service.port, guesses) as sockets:
        row.answered = _patient_login(Client(site.service.url), "patient")
        statuses = [_status(sock) for sock in sockets]
    right = dict(row.answered)
    row.count(statuses)
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    row.must({"401", "429", "503"} >= set(row.answered) - set(right), "401, 429 or 503")
    row.must(right["longest answer to it, s"] < 6 * sizes.patience, "each answer within 6 s")
    row.must(right["right login, s"] < 15 * sizes.patience, "a right login works within 15 s")
    return row


def _patient_login(client: Client, name: str) -> dict[str, float]:
    """Log in, again after each Retry-After; how long that took, and the longest answer."""
    body, began, longest = json.dumps({"username": name, "password": PASSWORD}).encode(), time.monotonic(), 0.0
    while True:
        answer = client.request("POST", LOGIN, body, Content_Type="application/json")
        longest = max(longest, answer.seconds)
        if answer.status == 200 or time.monotonic() - began > PATIENCE:
            break
        time.sleep(float(answer.headers["retry-after"]))
    return {"right login, s": round(time.monotonic() - began, 2), "longest answer to it, s": round(longest, 2)}


def small_chunks(site: Site, sizes: Sizes) -> Row:
    """C6: a body in chunks of one byte ends before it costs much."""
    row = Row("C6 chunks of one byte", f"{sizes.chunked} bodies of 1 MiB without a token")
    request = head("POST", LOGIN, "Content-Type: application/json", "Transfer-Encoding: chunked")
    with watching(site.service, site.client("agent")) as others:
        began = cpu(site.service)
        for _ in range(sizes.chunked):
            with socket.create_connection((HOST, site.service.port), 20) as client, contextlib.suppress(OSError):
                client.sendall(request)
                client.sendall(b"1\r\nx\r\n" * (1 << 20))
                row.count([_status(client)])
        row.answered["CPU s each"] = round((cpu(site.service) - began) / sizes.chunked, 2)
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    row.must(row.answered["CPU s each"] < 0.25 * sizes.patience, "0.25 s of CPU each, with what others cost")
    return row


def _guess(number: int) -> bytes:
    body = json.dumps({"username": f"guess-{number}", "password": PASSWORD}).encode()
    return head("POST", LOGIN, "Content-Type: application/json", f"Content-Length: {len(body)}") + body


@contextlib.contextmanager
def _sent(port: int, requests: list[bytes]) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection((HOST, port), 60)) for _ in requests]
        for sock, request in zip(sockets, requests, strict=True):
            sock.sendall(request)
        yield sockets


def _status(sock: socket.socket) -> int:
    return int(sock.recv(4096).split()[1])
