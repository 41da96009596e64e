"""Multipart bodies, Range headers and cursors out of nothing but imagination: no 5xx, and right where it is 2xx."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.contract.server.client import Client, head
from tests.faults.client import content_of
from tests.faults.site import Site

SIZE = 1000
ODD = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"--b", b"--b--", b"\r\n--b\r\n", b"\r\n--b--\r\n", b"--", b'name="file"', b"filename=",
     b"Content-Disposition: form-data; ", b'name="name"', b"\x00", b"\xff", b"linux", b"1.0.0", b": ", b";", b'"']
)  # fmt: skip
BODIES = st.lists(st.one_of(ODD, st.binary(max_size=40)), max_size=60).map(b"".join)
NUMBERS = st.one_of(st.integers(-5, SIZE + 5).map(str), st.sampled_from(["", "0" * 40 + "5", "9" * 40, "1e3", "\xb2"]))
RANGES = st.builds(
    lambda unit, specs: f"{unit}={','.join(f'{first}-{last}' for first, last in specs)}",
    st.sampled_from(["bytes", "Bytes", "items", "", " bytes"]),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)


@pytest.fixture(scope="module")
def package(site: Site) -> tuple[int, bytes]:
    """A package of SIZE bytes to ask ranges of."""
    content = content_of(SIZE)
    return site.client().put(content).json()["id"], content


def asked(site: Site, method: str, path: str, *lines: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one answer."""
    with Client(site.service.port) as client:
        client.send(head(method, path, f"Authorization: Bearer {site.tokens['admin']}", *lines) + body)
        reply = client.read(method)
    return reply.status, reply.headers, reply.body


@given(body=BODIES)
@settings(max_examples=300)
@example(b"--b\r\n" * 3000)
@example(b"\r\n" * 5000)
def test_multipart(site: Site, body: bytes) -> None:
    """What cannot be a form with a package is refused with a 4xx, however it is made up."""
    lines = ("Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(body)}")
    status, headers, _ = asked(site, "POST", "/api/v1/packages", *lines, body=body)
    assert status in (400, 413, 422)
    assert headers["content-type"] == "application/problem+json"


@given(value=st.one_of(RANGES, HEADER_TEXT))
@settings(max_examples=300)
@example("bytes=0-0")
@example("bytes=-0")
@example("bytes=5-2")
@example(f"bytes={SIZE}-")
@example("bytes=-5000")
def test_ranges(site: Site, package: tuple[int, bytes], value: str) -> None:
    """200 with everything, 206 with exactly what Content-Range says, or 416; the connection's framing holds."""
    package_id, content = package
    status, headers, body = asked(site, "GET", f"/api/v1/packages/{package_id}/download", f"Range: {value}")
    if status == 206:
        match = re.fullmatch(rf"bytes (\d+)-(\d+)/{SIZE}", headers["content-range"])
        assert match
        assert body == content[int(match[1]) : int(match[2]) + 1]
        assert body
    elif status == 200:
        assert body == content
    else:
        assert status in (400, 416)
        assert status == 400 or headers["content-range"] == f"bytes */{SIZE}"


@given(cursor=st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda b: b.decode("latin-1"))))
@settings(max_examples=150)
def test_cursors(site: Site, cursor: str) -> None:
    """A cursor that we did not make is a 422."""
    quoted = "".join(f"%{byte:02x}" for byte in cursor.encode("utf-8", "surrogatepass"))
    status, headers, _ = asked(site, "GET", f"/api/v1/packages?cursor={quoted}")
    assert status == 422
    assert headers["content-type"] == "application/problem+json"


@given(place=st.integers(0, 200), bit=st.integers(0, 7), sort=st.sampled_from(["-created_at", "name", "version"]))
@settings(max_examples=100)
def test_forged_cursors(site: Site, place: int, bit: int, sort: str) -> None:
    """A cursor of ours with one bit changed is a 422, or at worst a page; never an error of ours."""
    _, headers, _ = asked(site, "GET", "/api/v1/packages?limit=1")
    match = re.search(r"cursor=([^&>]+)", headers.get("link", ""))
    if match is None:
        site.client().put(content_of(10))
        site.client().put(content_of(10))
        return
    forged = bytearray(match[1].encode())
    forged[place % len(forged)] ^= 1 << bit
    quoted = "".join(f"%{byte:02x}" for byte in forged)
    status, _, _ = asked(site, "GET", f"/api/v1/packages?limit=1&sort={sort}&cursor={quoted}")
    assert status in (200, 422)
