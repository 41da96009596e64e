"""What one agent's token can do, and many ordinary agents."""

import contextlib
import functools
import gzip
import json
import socket
import subprocess
import sys
import time
import uuid

from app.offers.protobuf import opamp
from dev.parts import processes
from dev.parts.processes import HOST
from tests import threads
from tests.attacks.link import MBIT
from tests.attacks.probes import message, post, watching
from tests.attacks.row import MIB, Row
from tests.attacks.sizes import Sizes
from tests.contract.server.client import head
from tests.faults.client import Client, content_of
from tests.faults.site import Site

EMPTY = b"\x0a\x00"
"""Field 1, of no bytes."""
MEMBERS = 30 * MIB
PAGE = 4 * MIB


def roll_out(site: Site, sizes: Sizes) -> Row:
    """A1: downloads behind an ordinary link leave their threads to others."""
    row = Row("A1 an ordinary roll-out", f"{sizes.readers} readers behind {sizes.mbit} Mbit/s, {sizes.reading:g} s")
    package = site.client().put(content_of(sizes.package)).json()
    path = f"/api/v1/packages/{package['id']}/download"
    arguments = [str(site.service.port), path, site.tokens["agent"], str(sizes.readers), str(sizes.reading)]
    with watching(site.service, site.client("agent")) as others:
        command = [sys.executable, "-m", "tests.attacks.readers", *arguments]
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=processes.LIMIT)
    got = json.loads(ended.stdout)
    row.answered = {"starved": got.count(0), "link, share": round(sum(got) / sizes.reading / (sizes.mbit * MBIT), 2)}
    row.beside(others)
    row.must_serve(0.5 * sizes.patience, "list")
    row.must(not row.answered["starved"], "none starves")
    row.must(row.answered["link, share"] > 0.9 / sizes.patience, "the link is full")
    return row


def _field(number: int, content: bytes) -> bytes:
    length, encoded = len(content), bytearray([number << 3 | 2])
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes(encoded) + bytes([length]) + content


BOMBS = ("package statuses", "attributes", "an array's values")


def bombs() -> dict[str, bytes]:
    """Messages whose parts take a hundred times their bytes in memory, by BOMBS."""
    empty = EMPTY * MEMBERS
    number = {field.name: field.number for field in opamp.AgentToServer.DESCRIPTOR.fields}
    array = _field(1, _field(2, _field(5, empty)))
    description = number["agent_description"]
    built = (_field(number["package_statuses"], empty), _field(description, empty), _field(description, array))
    return dict(zip(BOMBS, built, strict=True))


def bomb(site: Site, sizes: Sizes, kind: str) -> Row:
    """A3: limits are looked at before anything is parsed."""
    packed = gzip.compress(bombs()[kind])
    row = Row(f"A3 bomb of {kind}", f"{len(packed) >> 10} KiB of gzip, {MEMBERS} empty members")
    with watching(site.service, site.client("agent")) as others:
        time.sleep(0.5)
        answer = post(site.client("agent"), packed, Content_Encoding="gzip")
    row.count([answer.status])
    row.answered["s"] = round(answer.seconds, 2)
    row.beside(others)
    row.must(answer.status == 400, "400")
    row.must(answer.seconds <= 2 * sizes.patience, f"within {2 * sizes.patience} s")
    row.must(row.others["MiB"] < 256, "less than 256 MiB more")
    return row


def numbers(site: Site, _sizes: Sizes) -> Row:
    """A4: what JSON or PostgreSQL cannot carry spoils no list."""
    row = Row("A4 numbers beyond 64 bits", "an attribute 1e20, a channel's match 1e30")
    admin, spoken = site.client(), opamp.AgentToServer(instance_uid=uuid.uuid4().bytes, capabilities=1)
    spoken.agent_description.identifying_attributes.add(key="k").value.double_value = 1e20
    post(site.client("agent"), spoken.SerializeToString())
    body = b'{"match": {"k": 1e30}, "packages": []}'
    statuses = [admin.request("PUT", "/api/v1/channels/spoilt", body, Content_Type="application/json").status]
    statuses += [admin.get("/agents").status, admin.get("/channels").status]
    row.count(statuses)
    row.must(all(status < 500 for status in statuses), "no 5xx")
    row.must(statuses[1:] == [200, 200], "the lists are whole")
    return row


def another_token(site: Site, name: str) -> dict[str, str | int]:
    """A machine token of the role agent: its id and itself."""
    body = json.dumps({"name": name, "role": "agent"}).encode()
    answer = site.client().request("POST", "/api/v1/tokens", body, Content_Type="application/json")
    assert answer.status == 201, answer.body
    made: dict[str, str | int] = answer.json()
    return made


def another_agent(site: Site, _sizes: Sizes) -> Row:
    """A5: an agent belongs to the name that speaks for it."""
    row = Row("A5 another agent's uid", "a message with it under another name")
    uid = uuid.uuid4().bytes
    victim = site.client("agent")
    mallory = Client(site.service.url, str(another_token(site, "mallory")["token"]))
    spoken = opamp.AgentToServer(instance_uid=uid, capabilities=1 | 8 | 16)
    spoken.agent_description.identifying_attributes.add(key="service.name").value.string_value = "victim"
    first = post(victim, spoken.SerializeToString())
    row.count([post(mallory, message(uid)).status])
    row.must(first.status == 200 and row.answered == {"403": 1}, "403")
    row.must(post(victim, message(uid)).status == 200, "the agent itself goes on")
    return row


def huge_message(statuses: int = 1000) -> bytes:
    """As large as a message may be: a mebibyte of statuses, a description of 60 KB."""
    spoken = opamp.AgentToServer(instance_uid=uuid.uuid4().bytes, capabilities=1 | 8 | 16)
    spoken.agent_description.identifying_attributes.add(key="k").value.string_value = "x" * 60_000
    for number in range(statuses):
        name = f"package-{number}"
        spoken.package_statuses.packages[name].name = name
        spoken.package_statuses.packages[name].status = opamp.PackageStatusEnum_InstallFailed
        spoken.package_statuses.packages[name].error_message = "e" * 980
    return bytes(spoken.SerializeToString())


def huge_messages(site: Site, sizes: Sizes, talkers: int = 0) -> Row:
    """B5: what is legal costs others little; of so many agents, sizes.talkers if it is 0."""
    talkers = talkers or sizes.talkers
    row = Row("B5 huge legal messages", f"{talkers} agents, each 1 MB/s, {sizes.seconds:g} s")
    bodies = [huge_message() for _ in range(talkers)]
    statuses: list[int] = []

    def talk(body: bytes, until: float) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            statuses.append(post(site.client("agent"), body).status)
            time.sleep(max(0.0, 1 - (time.monotonic() - began)))

    with watching(site.service, site.client("agent")) as others:
        until = time.monotonic() + sizes.seconds
        threads.join(threads.start(*(functools.partial(talk, body, until) for body in bodies)))
    row.count(statuses)
    row.beside(others)
    row.answered["ready"] = site.client().request("GET", "/health/ready").status
    row.answered["GET /agents"] = site.client().get("/agents").status
    row.must_serve(0.5 * sizes.patience)
    row.must(row.answered["ready"] == row.answered["GET /agents"] == 200, "ready, and agents can be listed")
    return row


def untaken_pages(site: Site, sizes: Sizes) -> Row:
    """B6: no page is larger than 4 MiB, however large its rows are."""
    row = Row("B6 pages that nobody takes", f"{sizes.takers} readers of a page of {sizes.page} agents of 40 KB")
    for _ in range(sizes.page):
        spoken = opamp.AgentToServer(instance_uid=uuid.uuid4().bytes, capabilities=1)
        spoken.agent_description.identifying_attributes.add(key="k").value.string_value = "\N{PILE OF POO}" * 10_000
        assert post(site.client("agent"), spoken.SerializeToString()).status == 200
    page = site.client().get("/agents?limit=500")
    request = head("GET", "/api/v1/agents?limit=500", f"Authorization: Bearer {site.tokens['admin']}")
    with contextlib.ExitStack() as stack, watching(site.service, site.client("agent")) as others:
        for _ in range(sizes.takers):
            taker = stack.enter_context(socket.socket())
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            taker.connect((HOST, site.service.port))
            taker.sendall(request)
            # It is about what they hold, not about so many reads of the database at once.
            time.sleep(0.05)
        time.sleep(sizes.seconds)
    row.answered = {"page, MiB": round(len(page.body) / MIB, 2)}
    row.beside(others)
    row.must_serve(0.5 * sizes.patience)
    row.must(len(page.body) <= PAGE, "a page has at most 4 MiB")
    row.must("link" in page.headers, "it has a next one")
    row.must(row.others["MiB"] < 4 * sizes.takers * PAGE / MIB, "four pages of memory for each reader")
    return row


def revoked_while_uploading(site: Site, _sizes: Sizes) -> Row:
    """B2: the caller is read again in the transaction that publishes."""
    row = Row("B2 revoked during an upload", "a token deleted while its upload is sent")
    body = json.dumps({"name": "leaving", "role": "publisher"}).encode()
    made = site.client().request("POST", "/api/v1/tokens", body, Content_Type="application/json").json()
    path = "/api/v1/packages/revoked/1.0.0/linux/amd64/agent.bin"
    with socket.create_connection((HOST, site.service.port), 20) as client:
        client.sendall(head("PUT", path, f"Authorization: Bearer {made['token']}", "Content-Length: 200000"))
        client.sendall(b"x" * 100_000)
        time.sleep(0.5)
        revoked = site.client().request("DELETE", f"/api/v1/tokens/{made['id']}").status
        client.sendall(b"x" * 100_000)
        row.count([int(client.recv(4096).split()[1])])
    row.must(revoked == 204 and row.answered == {"401": 1}, "401")
    row.must(site.client().get("/packages?name=revoked").json() == [], "nothing is published")
    return row
