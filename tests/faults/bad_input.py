"""Every example of bad input that the tests have, and random bytes on top, sent one after the other and counted."""

import contextlib
import random
from collections import Counter

from tests.contract import test_bad_bodies, test_bad_fields, test_bad_json
from tests.contract.conftest import Sender
from tests.contract.server.client import Client
from tests.faults.site import Site

RANDOM = 500


def send_all(site: Site) -> dict[int, int]:
    """How often which status came; 0 stands for a connection that was closed without an answer."""
    sender = Sender(site)
    statuses: Counter[int] = Counter()
    for body, _ in test_bad_bodies.FORMS.values():
        statuses[sender.upload(test_bad_bodies.TYPE, body).status] += 1
    for name, values in test_bad_fields.BAD_VALUES.items():
        for value in values:
            form = test_bad_bodies.file() + test_bad_bodies.fields(**{name: value}) + test_bad_bodies.END
            statuses[sender.upload(test_bad_bodies.TYPE, form).status] += 1
    for body in test_bad_json.BODIES.values():
        for method, path in test_bad_json.TARGETS:
            lines = (test_bad_json.JSON, f"Content-Length: {len(body)}")
            statuses[sender.send(method, path, *lines, body=body).status] += 1
    for _ in range(RANDOM):
        statuses[random_bytes(site.service.port)] += 1
    return dict(statuses)


def random_bytes(port: int) -> int:
    """The status of what nobody would send: bytes, with a line here and there that looks like HTTP."""
    lines = ("GET / HTTP/1.1", "Host: x", "", "Transfer-Encoding: chunked", "Content-Length: 5")
    pieces = [f"{line}\r\n".encode() for line in lines]
    content = b"".join(random.choice((*pieces, random.randbytes(random.randrange(30)))) for _ in range(12))
    with Client(port) as client, contextlib.suppress(OSError):
        client.send(content + b"\r\n\r\n")
        client.socket.shutdown(1)
        return client.read().status
    return 0
