"""Upload bodies that are not what they should be: the contract's problem, nothing published, nothing left."""

import socket
import struct

import pytest

from tests.contract.conftest import Sender
from tests.contract.server.client import chunked

MIB = 1 << 20
BOUNDARY = "----bad"
TYPE = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
FIELDS = {"name": "bad-input", "version": "1.0.0", "platform": "linux", "arch": "amd64"}
PUT = "/api/v1/packages/bad-input/1.0.0/linux/amd64/agent.bin"
FORM = "/api/v1/packages"


def part(name: str, content: bytes | str, disposition: str = "", extra: str = "") -> bytes:
    """One part of a form; `disposition` goes on after the name."""
    body = content.encode() if isinstance(content, str) else content
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n{extra}\r\n'
    return head.encode() + body + b"\r\n"


def file(content: bytes = b"bytes", file_name: str = "agent.bin") -> bytes:
    """The file's part."""
    return part("file", content, f'; filename="{file_name}"')


def fields(**changed: str | None) -> bytes:
    """The parts of the fields; None leaves one out."""
    return b"".join(part(name, text) for name, text in {**FIELDS, **changed}.items() if text is not None)


END = f"--{BOUNDARY}--\r\n".encode()
WHOLE = file() + fields() + END

FORMS = {
    "empty": (b"", 400),
    "no part at all": (END, 422),
    "another boundary": (WHOLE.replace(b"----bad", b"----other"), 400),
    "no closing boundary": (file() + fields(), 400),
    "cut within the file": (file()[:-5], 400),
    "cut within a part's head": (file() + b"------bad\r\nContent-Disp", 400),
    "file without a name": (part("file", "bytes") + fields() + END, 422),
    "file with an empty name": (part("file", "bytes", '; filename=""') + fields() + END, 422),
    "two files": (file() + file() + fields() + END, 422),
    "an empty file": (file(b"") + fields() + END, 422),
    "no file": (fields() + END, 422),
    "5,000 parts": (b"".join(part(f"f{n}", "x") for n in range(5000)) + WHOLE, None),
    "a part's head of 1 MiB": (part("name", "x", extra=f"X-Long: {'x' * MIB}\r\n") + WHOLE, None),
    "a part's head that never ends": (f"--{BOUNDARY}\r\nX: ".encode() + b"x" * MIB, 400),
    "a field of 10 MiB": (part("description", "x" * 10 * MIB) + WHOLE, 413),
    "a field of 10 MiB after the file": (file() + part("description", "x" * 10 * MIB) + fields() + END, 413),
    "fields of 2 MiB together": (file() + b"".join(part(f"f{n}", "x" * 1000) for n in range(2000)) + END, None),
    "a part without a disposition": (f"--{BOUNDARY}\r\nX: y\r\n\r\nbytes\r\n".encode() + WHOLE, 400),
    "a part without a name": (f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n".encode() + WHOLE, None),
    "text before the first boundary": (b"\x00" * 5000 + b"\r\n" + END, None),
    "a field that is a file": (file() + part("name", "x", '; filename="a"') + END, 422),
}


@pytest.mark.parametrize("case", FORMS)
def test_bad_form(sender: Sender, case: str) -> None:
    """400, 413 or 422 as the contract has it; never a 5xx."""
    body, status = FORMS[case]
    reply = sender.upload(TYPE, body)
    assert reply.status == status or (status is None and reply.status in (400, 413, 422))
    reply.assert_problem(reply.status)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=" + "x" * 300, 400),
        ('multipart/form-data; boundary="a\x01b"', 400),
        ("multipart/mixed; boundary=----bad", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text", 415),
        ("", 415),
    ],
)
def test_bad_content_type(sender: Sender, content_type: str, status: int) -> None:
    """No usable boundary is a 400, another type a 415."""
    sender.upload(f"Content-Type: {content_type}", WHOLE).assert_problem(status)


@pytest.mark.parametrize("path", [FORM, PUT])
@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_shorter_than_its_length(sender: Sender, path: str, how: str) -> None:
    """A client that ends before its Content-Length gets a 400, if it still listens, and leaves nothing."""
    method = "POST" if path == FORM else "PUT"
    client = sender.begin(method, path, TYPE, "Content-Length: 100000", body=file(b"x" * 50_000) + fields())
    if how == "FIN":
        client.socket.shutdown(socket.SHUT_WR)
        client.read().assert_problem(400)
    else:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


@pytest.mark.parametrize("path", [FORM, PUT])
def test_vanishes_in_the_second_part(sender: Sender, path: str) -> None:
    """Gone after 17 MiB, when parts are with the S3 already: no object and no multipart upload stays."""
    method = "POST" if path == FORM else "PUT"
    body = file(b"x" * 17 * MIB) if path == FORM else b"x" * 17 * MIB
    sender.begin(method, path, TYPE, f"Content-Length: {30 * MIB}", body=body).socket.close()


@pytest.mark.parametrize(
    ("path", "framing"),
    [(FORM, "Content-Length: 99999999999"), (PUT, "Content-Length: 99999999999"), (PUT, f"Content-Length: {33 * MIB}")],
)
def test_too_large_by_its_length(sender: Sender, path: str, framing: str) -> None:
    """Refused from the head, before a byte of the body."""
    with sender.begin("POST" if path == FORM else "PUT", path, TYPE, framing) as client:
        client.read().assert_problem(413)


@pytest.mark.parametrize("path", [FORM, PUT])
def test_too_large_without_a_length(sender: Sender, path: str) -> None:
    """A chunked body is refused when it passes the limit, and the client, which sends all first, sees it."""
    pieces = [b"x" * MIB] * 40
    body = chunked(pieces if path == PUT else [file()[:-2], *pieces])
    method = "POST" if path == FORM else "PUT"
    with sender.begin(method, path, TYPE, "Transfer-Encoding: chunked", body=body) as client:
        client.read().assert_problem(413)


def test_too_large_file_in_a_form(sender: Sender) -> None:
    """The file's bytes count, whatever stands around them."""
    sender.upload(TYPE, file(b"x" * (32 * MIB + 1)) + fields() + END).assert_problem(413)


@pytest.mark.parametrize("framing", ["Content-Length: 4000000000", "Transfer-Encoding: chunked"])
def test_a_bad_token_costs_no_body(sender: Sender, framing: str) -> None:
    """`Expect: 100-continue` with a bad token: 401 at once, and no 100."""
    with sender.begin("PUT", PUT, framing, "Expect: 100-continue", "Authorization: Bearer x") as client:
        client.read().assert_problem(401)


def test_no_length_at_all(sender: Sender) -> None:
    """A raw PUT needs a length or chunks."""
    sender.send("PUT", PUT).assert_problem(411)


def test_no_length_of_a_signature(sender: Sender) -> None:
    """A PUT beside a package needs a length or chunks, as a package's own does."""
    package = sender.upload(TYPE, WHOLE).json()
    sender.send("PUT", f"{PUT}.sig").assert_problem(411)
    assert sender.send("PUT", f"{PUT}.sig", "Transfer-Encoding: chunked", body=chunked([b"signature"])).status == 201
    assert sender.send("DELETE", f"{FORM}/{package['id']}").status == 204


def test_an_empty_raw_body(sender: Sender) -> None:
    """An empty file is no package."""
    sender.send("PUT", PUT, "Content-Length: 0").assert_problem(422)


@pytest.mark.parametrize(
    ("digest", "status"),
    [
        ("sha-256=:AAAA:", 422),
        ("sha-256=nonsense", 422),
        ("sha-256=:" + "A" * 43 + "=:", 422),
        (":::", 422),
        ("sha-256=:" + "A" * 5000 + ":", 422),
    ],
)
def test_bad_digest(sender: Sender, digest: str, status: int) -> None:
    """A digest that is malformed or another one than the bytes': nothing is published."""
    sender.send("PUT", PUT, f"Repr-Digest: {digest}", "Content-Length: 5", body=b"bytes").assert_problem(status)


def test_an_early_refusal_reaches_a_form_that_is_still_sent(sender: Sender) -> None:
    """A form that is wrong from its first part on is refused while 20 MiB still come; the client sees the status."""
    body = part("nonsense", b"\xff\xfe") + file(b"x" * 20 * MIB) + fields() + END
    sender.upload(TYPE, body).assert_problem(422)
