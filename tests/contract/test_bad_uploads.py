"""Uploads in pieces: bad headers, ids, parameters and bodies, and requests that end early."""

import base64
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

from tests.contract.conftest import Sender
from tests.contract.test_bad_fields import BAD_VALUES
from tests.faults.client import unique_name

UPLOADS = "/api/v1/uploads"
LENGTH = 15
TUS = "Tus-Resumable: 1.0.0"
BYTES = "Content-Type: application/offset+octet-stream"
DRAFT = "Content-Type: application/partial-upload"
PIECE = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
FIELDS = {"name": "bad-uploads", "version": "1", "platform": "linux", "arch": "amd64", "filename": "a.bin"}


def metadata(**changes: str) -> str:
    """Upload-Metadata of FIELDS, some of them changed."""
    fields = {**FIELDS, **changes}
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in fields.items())


def lines(headers: dict[str, str]) -> list[str]:
    """As they are sent."""
    return [f"{name}: {text}" for name, text in headers.items()]


@pytest.fixture
def upload(sender: Sender) -> Iterator[str]:
    """The path of an upload of LENGTH bytes, which at the end is as it was."""
    path = f"/api/v1/packages/{unique_name()}/1/linux/amd64/a.bin"
    reply = sender.send("PUT", path, "Upload-Complete: ?0", f"Upload-Length: {LENGTH}", "Content-Length: 0")
    assert reply.status == 201
    path = urlsplit(reply.headers["location"]).path
    yield path
    assert sender.send("HEAD", path).headers["upload-offset"] == "0"
    assert sender.send("DELETE", path).status == 204


@pytest.mark.parametrize(
    "sent", ["", "x", "-1", "+0", "0x0", "0.0", "1e3", "0 0", "0, 0", "²", str(2**63), str(2**64), "9" * 5000]
)
def test_offsets(sender: Sender, upload: str, sent: str) -> None:
    """What is no number of bytes is 400."""
    body = lines({**PIECE, "Upload-Offset": sent, "Content-Length": "1"})
    sender.send("PATCH", upload, *body, body=b"x").assert_problem(400)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": "7"}, 409),
        ({"Tus-Resumable": "1.0"}, 412),
        ({"Tus-Resumable": "1.0.0, 1.0.0"}, 412),
        ({"Tus-Resumable": ""}, 412),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/offset+octet-stream, text/plain"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "aws-chunked"}, 415),
        ({"Content-Range": "bytes 1-1/15"}, 400),
        ({"Content-Range": "bytes 0-0/16"}, 400),
        ({"Content-Range": "bytes */15"}, 400),
        ({"Content-Range": f"bytes 0-{2**64}/15"}, 400),
        ({"Content-Range": ""}, 400),
        ({"Upload-Checksum": ""}, 400),
        ({"Upload-Checksum": "sha256"}, 400),
        ({"Upload-Checksum": "sha256 @@@"}, 400),
        ({"Upload-Checksum": "SHA256 " + "A" * 43 + "="}, 400),
        ({"Upload-Checksum": "sha1 " + "A" * 43 + "="}, 400),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "sha256 " + "A" * 43 + "="}, 460),
        ({"Content-Digest": "sha-256=:AAAA:"}, 400),
        ({"Content-Digest": "sha-256=AAAA"}, 400),
        ({"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}, 460),
    ],
)
def test_pieces(sender: Sender, upload: str, headers: dict[str, str], status: int) -> None:
    """The contract's refusals; the upload stays as it was."""
    sent = lines({**PIECE, **headers, "Content-Length": "1"})
    sender.send("PATCH", upload, *sent, body=b"x").assert_problem(status)


@pytest.mark.parametrize("complete", ["", "?2", "1", "true", "?1;a", "?1, ?1", "?"])
def test_upload_complete(sender: Sender, upload: str, complete: str) -> None:
    """The draft's pieces say ?0 or ?1."""
    sent = ("Upload-Offset: 0", DRAFT, f"Upload-Complete: {complete}", "Content-Length: 1")
    sender.send("PATCH", upload, *sent, body=b"x").assert_problem(400)


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("chunked", b"zz\r\nx\r\n0\r\n\r\n", 400),
        ("chunked", b"10\r\n" + bytes(16) + b"\r\n0\r\n\r\n", 413),
        ("gzip, chunked", b"0\r\n\r\n", 415),
    ],
)
def test_chunks(sender: Sender, upload: str, coding: str, body: bytes, status: int) -> None:
    """Malformed ones, more than are missing, other codings."""
    reply = sender.send("PATCH", upload, *lines(PIECE), f"Transfer-Encoding: {coding}", body=body)
    reply.assert_problem(status)


def test_a_refusal_reaches_a_client_that_still_sends(sender: Sender, upload: str) -> None:
    """413, 409 and 415 before the body is read, and no reset."""
    size = 20 << 20
    for headers, status in (({}, 413), ({"Upload-Offset": "3"}, 409), ({"Content-Type": "text/plain"}, 415)):
        sent = lines({**PIECE, **headers, "Content-Length": str(size)})
        with sender.begin("PATCH", upload, *sent) as client:
            client.send(bytes(1 << 20))
            client.read().assert_problem(status)


@pytest.mark.parametrize("extra", ["Authorization: Bearer x", ""])
def test_no_body_is_asked_for(sender: Sender, upload: str, extra: str) -> None:
    """With Expect: 100-continue a bad token, or none, is 401 without 100."""
    sent = (*lines(PIECE), "Content-Length: 5", "Expect: 100-continue", *([extra] if extra else []))
    sender.send("PATCH", upload, *sent, token=False).assert_problem(401)
    other = (*lines({**PIECE, "Upload-Offset": "3"}), "Content-Length: 5", "Expect: 100-continue")
    sender.send("PATCH", upload, *other).assert_problem(409)


@pytest.mark.parametrize("upload_id", ["0", "-1", "1e3", "0" * 32, "A" * 32, "%00", "%2F", "%ff", "..", "x" * 3000])
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_ids(sender: Sender, method: str, upload_id: str) -> None:
    """Whatever is no upload's: 404."""
    sent = lines({**PIECE, "Content-Length": "0"})
    assert sender.send(method, f"{UPLOADS}/{upload_id}", *sent).status == 404


def test_methods(sender: Sender, upload: str) -> None:
    """405 with what there is; an override of anything but PATCH and DELETE, too."""
    for method, path in (("PUT", upload), ("GET", upload), ("PATCH", UPLOADS), ("DELETE", UPLOADS)):
        reply = sender.send(method, path, TUS, "Content-Length: 0")
        reply.assert_problem(405)
        assert reply.headers["allow"]
    for override in ("PUT", "HEAD", "", "patch delete"):
        sent = (f"X-HTTP-Method-Override: {override}", "Content-Length: 0")
        sender.send("POST", upload, *sent).assert_problem(405)


@pytest.mark.parametrize(
    "asked",
    [
        *("limit=0", "limit=-1", "limit=501", "limit=abc", "limit=1&limit=2", "cursor=x", "cursor=e30", "after=1"),
        *("sort=name", "unknown=1", "platform=beos", f"name={'x' * 256}", "name=%00", "name=%ff"),
    ],
)
def test_parameters(sender: Sender, asked: str) -> None:
    """422 for values that are none, repeated and unknown ones, and forged cursors."""
    sender.send("GET", f"{UPLOADS}?{asked}").assert_problem(422)


def test_parameters_where_there_are_none(sender: Sender, upload: str) -> None:
    """422 on every route of one upload."""
    sent = lines({**PIECE, "Content-Length": "0"})
    sender.send("PATCH", f"{upload}?x=1", *sent).assert_problem(422)
    sender.send("DELETE", f"{upload}?x=1").assert_problem(422)
    assert sender.send("HEAD", f"{upload}?x=1").status == 422
    new = lines({"Upload-Length": "5", "Upload-Metadata": metadata()})
    sender.send("POST", f"{UPLOADS}?x=1", TUS, *new, "Content-Length: 0").assert_problem(422)


@pytest.mark.parametrize(
    ("length", "status"),
    [
        *[(sent, 400) for sent in ("", "x", "-1", "+5", "5.0", "0x5", "5, 5", "1e3", "²")],
        *[("0", 422), (str(2**63), 413), (str(2**64), 413), ("9" * 5000, 413)],
    ],
)
def test_lengths(sender: Sender, length: str, status: int) -> None:
    """Of a creation, in both dialects."""
    sent = (f"Upload-Length: {length}", "Content-Length: 0")
    sender.send("POST", UPLOADS, TUS, f"Upload-Metadata: {metadata()}", *sent).assert_problem(status)
    path = f"/api/v1/packages/{unique_name()}/1/linux/amd64/a.bin"
    sender.send("PUT", path, "Upload-Complete: ?0", *sent).assert_problem(status)


def test_a_length_that_is_told_later(sender: Sender) -> None:
    """tus' creation-defer-length is not spoken: 400."""
    sent = ("Upload-Defer-Length: 1", f"Upload-Metadata: {metadata()}", "Content-Length: 0")
    sender.send("POST", UPLOADS, TUS, *sent).assert_problem(400)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("", 422),
        ("name", 422),
        ("name =", 400),
        ("name !!!", 400),
        ("name YQ", 400),
        ("name YQ== YQ==", 400),
        ("name /w==", 400),
        (",,,", 400),
        (f"{metadata()},name YQ==", 400),
        (f"{metadata()},file_name YQ==,x {'YWFh' * 1100}", 400),
    ],
)
def test_metadata(sender: Sender, sent: str, status: int) -> None:
    """Broken base64, text that is no UTF-8, a repeated key, over 4,096 bytes: 400. Fields that lack: 422."""
    new = ("Upload-Length: 5", f"Upload-Metadata: {sent}", "Content-Length: 0")
    sender.send("POST", UPLOADS, TUS, *new).assert_problem(status)


VALUES = [
    (name, value)
    for name, values in {**BAD_VALUES, "filename": ["", "..", "a/..", "\x01", "a\u202eb", "x" * 256]}.items()
    for value in values
    if len(value) < 2000 and value != "0" * 64
]
"""A checksum of zeros is one that nothing has: that is found out at the end."""


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_fields(sender: Sender, name: str, value: str) -> None:
    """422 that names the field, before a byte is sent."""
    new = ("Upload-Length: 5", f"Upload-Metadata: {metadata(**{name: value})}", "Content-Length: 0")
    reply = sender.send("POST", UPLOADS, TUS, *new)
    reply.assert_problem(422)
    assert name in reply.json()["errors"]


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 256, "ü", "a;b"])
def test_paths(sender: Sender, name: str) -> None:
    """The draft's creation refuses a package's path as PUT does."""
    path = f"/api/v1/packages/{quote(name)}/1/linux/amd64/a.bin"
    sent = ("Upload-Complete: ?0", "Upload-Length: 5", "Content-Length: 0")
    sender.send("PUT", path, *sent).assert_problem(422)


@pytest.mark.parametrize(
    ("line", "status"), [("Repr-Digest: sha-256=:AAAA:", 422), ("Content-Range: bytes 0-4/10", 400)]
)
def test_headers_of_a_creation(sender: Sender, line: str, status: int) -> None:
    """A digest that is none, and half a file, as with PUT."""
    path = f"/api/v1/packages/{unique_name()}/1/linux/amd64/a.bin"
    sent = ("Upload-Complete: ?0", "Upload-Length: 5", "Content-Length: 0", line)
    sender.send("PUT", path, *sent).assert_problem(status)
