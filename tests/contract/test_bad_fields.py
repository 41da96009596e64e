"""Fields and paths that are missing, repeated, too long or dangerous."""

import urllib.parse

import pytest

from tests.contract.conftest import Sender
from tests.contract.test_bad_bodies import END, FIELDS, TYPE, fields, file, part

BAD_VALUES = {
    "name": ["", "-x", "a b", "a/b", "../a", "a\x00b", "a\nb", "x" * 256, "ü", "\u202ea", "a%2fb", "a;b", "a'b"],
    "version": ["", ".1", "1 0", "1/0", "1\x00", "1\r\n2", "x" * 51, "1:2", "\u00b9"],
    "platform": ["", "beos", "linux\x00", "linux ", "../linux", "l" * 1000],
    "arch": ["", "z80", "amd64\n", "amd64/..", "a" * 1000],
    "description": ["x" * 10_001, "a\x00b"],
    "checksum": ["", "abc", "g" * 64, "0" * 63, "0" * 64, "0" * 65],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values])
def test_bad_value(sender: Sender, name: str, value: str) -> None:
    """422 that names the field; control characters never come back raw."""
    reply = sender.upload(TYPE, file() + fields(**{name: value}) + END)
    reply.assert_problem(422)
    assert name in reply.json()["errors"]
    assert not any(ord(character) < 32 for character in reply.body.decode().removesuffix("\n"))


@pytest.mark.parametrize("name", FIELDS)
def test_missing(sender: Sender, name: str) -> None:
    """Each required field that is not there is named."""
    reply = sender.upload(TYPE, file() + fields(**{name: None}) + END)
    reply.assert_problem(422)
    assert name in reply.json()["errors"]


@pytest.mark.parametrize("name", [*FIELDS, "description", "checksum"])
def test_repeated(sender: Sender, name: str) -> None:
    """A field that comes twice is refused, even with the same value."""
    value = FIELDS.get(name, "0" * 64)
    reply = sender.upload(TYPE, file() + fields(**{name: value}) + part(name, value) + END)
    reply.assert_problem(422)
    assert name in reply.json()["errors"]


@pytest.mark.parametrize("name", ["id", "created_by", "is_active", "__proto__", "x" * 3000, "a\x01b", "näme"])
def test_unknown(sender: Sender, name: str) -> None:
    """A field that we do not know is refused."""
    sender.upload(TYPE, file() + fields() + part(name, "1") + END).assert_problem(422)


def test_invalid_utf8(sender: Sender) -> None:
    """Text that is no UTF-8 is the client's fault."""
    sender.upload(TYPE, file() + fields() + part("description", b"\xff\xfe\xfa") + END).assert_problem(422)


@pytest.mark.parametrize(
    "file_name", ["..", ".", "../..", "a/..", "..\\..", "\x01", "a\tb", "\u202eexe.gpj", "a\u200e", "x" * 256, "dir/"]
)
def test_bad_file_name(sender: Sender, file_name: str) -> None:
    """A file name that is nothing after cleaning, or has control or bidi characters, is refused."""
    reply = sender.upload(TYPE, file(file_name=file_name) + fields() + END)
    reply.assert_problem(422)
    assert "file" in reply.json()["errors"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/shadow", "shadow"),
        ("C:\\Windows\\cmd.exe", "cmd.exe"),
        ("agent;rm -rf.bin", "agent;rm -rf.bin"),
        ("agent 'q'.bin", "agent 'q'.bin"),
        ("ünïcödé-包.bin", "ünïcödé-包.bin"),
    ],
)
def test_file_name_is_cleaned_and_kept(sender: Sender, sent: str, kept: str) -> None:
    """Folders are cut off, all else stays, and comes back in Content-Disposition without breaking the header."""
    reply = sender.upload(TYPE, file(file_name=sent) + fields(name="file-name") + END)
    package = reply.json()
    try:
        assert (reply.status, package["file_name"]) == (201, kept)
        answer = sender.send("GET", f"/api/v1/packages/{package['id']}/download")
        disposition = answer.headers["content-disposition"]
        assert urllib.parse.quote(kept, safe="") in disposition or kept in disposition
    finally:
        assert sender.send("DELETE", f"/api/v1/packages/{package['id']}").status == 204


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/packages/0",
        "/api/v1/packages/-1",
        "/api/v1/packages/2147483648",
        "/api/v1/packages/9223372036854775807",
        "/api/v1/packages/9223372036854775808",
        "/api/v1/packages/18446744073709551616",
        "/api/v1/packages/" + "9" * 5000,
        "/api/v1/packages/1e3",
        "/api/v1/packages/%31%2F",
        "/api/v1/packages/1%00",
        "/api/v1/packages/%C2%B2",
        "/api/v1/packages/1/",
        "/api/v1/packages/",
        "/api/v1//packages",
        "/api/v1/packages/0/download",
        "/api/v1/packages/a/b/c/d/%2e%2e",
        "/api/v1/packages/a/1/linux/amd64/..%2f..%2fetc%2fpasswd",
        "/api/v1/packages/%00/1/linux/amd64/x",
        "/api/v1/packages/%ff/1/linux/amd64/x",
        "/api/v1/packages/a/1/beos/amd64/x",
        "/api/v1/users/0",
        "/api/v1/users/99999999999999999999",
        "/api/v1/tokens/99999999999999999999",
        "/../../etc/passwd",
        "/static/../wsgi.py",
    ],
)
def test_bad_path(sender: Sender, path: str) -> None:
    """No such thing is a 404 (a method that such a path does not have a 405), never a 5xx."""
    for method in ("GET", "DELETE"):
        reply = sender.send(method, path)
        reply.assert_problem(reply.status)
        assert reply.status in (404, 405)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=501", "limit=abc", "limit=", "limit=1e2", "limit=99999999999999999999",
        "limit=1&limit=1", "limit=%00", "cursor=", "cursor=%00", "cursor=AAAA", "cursor=" + "A" * 5000,
        "cursor=eyJhIjoxfQ", "sort=id", "sort=", "sort=-", "sort=name%20desc", "sort=name;drop", "q=", "q=" + "x" * 201,
        "q=%00", "is_active=yes", "is_active=1", "unknown=1", "name=", "name=%00", "name=a&name=b", "arch=z80",
        "platform=beos", "version=%ff",
    ],
)  # fmt: skip
def test_bad_query(sender: Sender, query: str) -> None:
    """422, or an empty list where the value is possible and matches nothing."""
    reply = sender.send("GET", f"/api/v1/packages?{query}")
    assert reply.status == 422 or (reply.status == 200 and reply.json() == []), reply.body


@pytest.mark.parametrize("wildcard", ["%25", "_", "%5C", "%27", "%25%25%25%25"])
def test_wildcards_are_themselves(sender: Sender, wildcard: str) -> None:
    """`%`, `_`, `\\` and quotes in q are searched for, not interpreted."""
    reply = sender.send("GET", f"/api/v1/packages?q=no-such-{wildcard}-thing")
    assert (reply.status, reply.json()) == (200, [])
