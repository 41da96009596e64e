"""Content-Range and Content-Encoding of requests: half a file or a packed one is never published as the file."""

import gzip
import subprocess
from pathlib import Path

import pytest

from tests.contract.conftest import Sender
from tests.contract.server.client import Reply
from tests.contract.test_bad_bodies import END, FORM, PUT, TYPE, fields, part

UPLOADS = [("POST", FORM, TYPE), ("PUT", PUT, "Content-Type: application/octet-stream")]
OTHERS = [
    ("POST", "/api/v1/auth/login", "Content-Type: application/json"),
    ("POST", "/api/v1/tokens", "Content-Type: application/json"),
    ("PUT", "/api/v1/channels/stable", "Content-Type: application/json"),
    ("POST", "/v1/opamp", "Content-Type: application/x-protobuf"),
]
RANGES = ["bytes 100000-199999/200000", "bytes 0-199999/200000", "bytes */200000", "nonsense", ""]
LENGTH = "Content-Length: 100000"


def told(sender: Sender, method: str, path: str, *lines: str) -> Reply:
    """The answer to an upload without a byte of its body; the server gathers a login's before anything looks at it."""
    is_upload = path in (FORM, PUT)
    with sender.begin(method, path, *lines, LENGTH, body=b"" if is_upload else b" " * 100_000) as client:
        return client.read()


@pytest.mark.parametrize(("method", "path", "content_type"), UPLOADS + OTHERS)
@pytest.mark.parametrize("content_range", RANGES)
def test_a_part_of_a_body(sender: Sender, method: str, path: str, content_type: str, content_range: str) -> None:
    """PUT and POST with any Content-Range are 400, an upload before a byte of its body (RFC 9110, 14.5)."""
    reply = told(sender, method, path, content_type, f"Content-Range: {content_range}")
    assert reply.status == 400
    # An agent is told in OpAMP's own form.
    assert path == "/v1/opamp" or reply.headers["content-type"] == "application/problem+json"
    assert path == "/v1/opamp" or "Content-Range" in reply.json()["detail"]


@pytest.mark.parametrize(("method", "path", "content_type"), UPLOADS + OTHERS[:3])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip", "aws-chunked"])
def test_a_coded_body(sender: Sender, method: str, path: str, content_type: str, coding: str) -> None:
    """Any Content-Encoding but identity is 415, of an upload before a byte of its body."""
    told(sender, method, path, content_type, f"Content-Encoding: {coding}").assert_problem(415)


@pytest.mark.parametrize("line", ["Content-Range: bytes 0-4/10", "Content-Encoding: gzip"])
def test_a_token_is_looked_at_first(sender: Sender, line: str) -> None:
    """401 comes before what is wrong with the headers."""
    sender.send("PUT", PUT, line, "Content-Length: 5", body=b"bytes", token=False).assert_problem(401)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Content-Encoding: gzip", 415),
        ("Content-Transfer-Encoding: base64", 415),
        ("Content-Transfer-Encoding: quoted-printable", 415),
        ("Content-Range: bytes 0-4/10", 400),
    ],
)
@pytest.mark.parametrize("name", ["file", "description"])
def test_a_coded_part_of_a_form(sender: Sender, name: str, line: str, status: int) -> None:
    """What holds for a body holds for each part of a form."""
    named = '; filename="agent.bin"' if name == "file" else ""
    packed = part(name, gzip.compress(b"bytes"), named, extra=f"{line}\r\n")
    sender.upload(TYPE, packed + fields() + END).assert_problem(status)


def test_curl_resumes_no_upload(sender: Sender, tmp_path: Path) -> None:
    """`curl -C` sends the rest of a file with a Content-Range: nothing is published of it."""
    file = tmp_path / "big.bin"
    file.write_bytes(b"x" * 200_000)
    url = f"http://127.0.0.1:{sender.port}{PUT}"
    command = ["curl", "-sS", "-C", "100000", "-T", file, "-H", sender.authorization, "-w", "%{http_code}", url]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert ended.stdout.endswith("400"), ended.stdout
