"""Retries, refusals, redirects and connections."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest

from opampkg import Client, Conflict, NotAllowed, NotFound, OpampkgError, Package, Refused, Unreachable
from opampkg.models import made

BUSY = (503, {"Retry-After": "7"}, {})
DONE = (200, {}, {"username": "a", "role": "agent"})


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_busy_answers_are_tried_again(make_server: Any, pauses: list[float], status: int) -> None:
    """Without Retry-After from half a second on, doubling to 30 s, with jitter."""
    server = make_server(*[(status, {}, {})] * 9, DONE)
    assert Client(server.url).me().username == "a"
    bounds = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(pauses, bounds))


def test_retry_after_is_obeyed(make_server: Any, pauses: list[float]) -> None:
    """To the second."""
    Client(make_server(BUSY, BUSY, DONE).url).me()
    assert pauses == [7, 7]


def test_given_up(make_server: Any, pauses: list[float]) -> None:
    """When nothing can come forward within the time, the answer's error is raised at once."""
    server = make_server((503, {"Retry-After": "100"}, {}))
    with pytest.raises(Unreachable):
        Client(server.url, timeout=50).me()
    assert (len(server.asked), pauses) == (1, [])


def test_a_damaged_package_is_not_tried_again(make_server: Any, pauses: list[float]) -> None:
    """It is the same in ten minutes."""
    problem = {"type": "urn:opamp-packages:problem:package-damaged", "detail": "Damaged."}
    server = make_server((502, {"Content-Type": "application/problem+json"}, problem))
    with pytest.raises(Unreachable, match="Damaged"):
        Client(server.url).get(1)
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "kind", "exit_code"),
    [
        (400, Refused, 3),
        (413, Refused, 3),
        (415, Refused, 3),
        (422, Refused, 3),
        (401, NotAllowed, 4),
        (403, NotAllowed, 4),
        (409, Conflict, 5),
        (404, NotFound, 6),
        (500, OpampkgError, 1),
    ],
)
def test_refusals(make_server: Any, status: int, kind: type[OpampkgError], exit_code: int) -> None:
    """Each has its class and exit code, and shows `detail`, the fields and the request's id."""
    problem = {"detail": "a: No. (1 more in errors)", "errors": {"a": ["No."], "b": ["Neither."]}, "request_id": "r1"}
    server = make_server((status, {"Content-Type": "application/problem+json"}, problem))
    with pytest.raises(kind) as raised:
        Client(server.url).me()
    assert raised.value.exit_code == exit_code
    assert str(raised.value) == "a: No. (1 more in errors); b: Neither. (request r1)"
    assert raised.value.problem == problem


def test_half_an_answer(make_server: Any, pauses: list[float]) -> None:
    """A body that ends early is a failed connection, and is asked for again."""
    server = make_server((200, {"Content-Length": "1000"}, {}), DONE)
    assert Client(server.url).me().username == "a"
    assert len(pauses) == 1


def test_a_redirected_download(make_server: Any, package: dict[str, Any], tmp_path: Path) -> None:
    """The other origin sees neither the token nor our entity tag."""
    content = b"bytes"
    storage = make_server((200, {}, content))
    server = make_server((302, {"Location": f"{storage.url}/object?signed=1"}, b""))
    wanted = made(Package, {**package, "checksum": hashlib.sha256(content).hexdigest()})
    (tmp_path / "file.part").write_bytes(b"by")
    Client(server.url, token="secret").download(wanted, str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == content
    assert server.asked[0].headers["Authorization"] == "Bearer secret"
    assert server.asked[0].headers["If-Range"] == f'"{wanted.checksum}"'
    assert storage.asked[0].headers["Range"] == "bytes=2-"
    assert {"Authorization", "If-Range"} & set(storage.asked[0].headers) == set()


def test_other_bytes(make_server: Any, package: dict[str, Any], tmp_path: Path) -> None:
    """ChecksumDiffers, and nothing of them stays."""
    server = make_server((200, {}, b"other"))
    with pytest.raises(OpampkgError) as raised:
        Client(server.url).download(made(Package, package), str(tmp_path / "file"))
    assert raised.value.exit_code == 8
    assert list(tmp_path.iterdir()) == []


def test_an_api_call_is_not_redirected(make_server: Any) -> None:
    """The token goes nowhere else; the message says where to."""
    server = make_server((301, {"Location": "https://elsewhere.example.com/"}, b""))
    with pytest.raises(OpampkgError, match=r"elsewhere\.example\.com"):
        Client(server.url, token="secret").me()


def test_a_page_leads_to_the_next(make_server: Any, package: dict[str, Any]) -> None:
    """By its cursor, at the server that we know, whatever host the link names."""
    link = {"Link": '<https://public.example.com/api/v1/packages?cursor=abc>; rel="next"'}
    server = make_server((200, link, [package]), (200, {}, [package]))
    assert len(list(Client(server.url).packages(name="agent"))) == 2
    assert server.asked[1].path == "/api/v1/packages?limit=500&name=agent&cursor=abc"


def test_no_repr_has_a_token() -> None:
    """Nor does the error of one that cannot be one."""
    client = Client("http://127.0.0.1:9", token="secret")
    assert "secret" not in repr(client) + repr(vars(client.http))
    with pytest.raises(NotAllowed) as raised:
        Client("http://127.0.0.1:9", token="sec ret")
    assert "ret" not in str(raised.value).replace("characters", "")


def test_http_by_a_proxy(make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for the whole URL; NO_PROXY leads past it."""
    proxy, server = make_server(DONE), make_server(DONE)
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//user:pass%21@"))
    monkeypatch.setenv("no_proxy", "")
    Client("http://packages.invalid", token="secret").me()
    assert proxy.asked[0].path == "http://packages.invalid/api/v1/me"
    assert proxy.asked[0].headers["Proxy-Authorization"] == "Basic dXNlcjpwYXNzIQ=="
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Client(server.url).me()
    assert len(server.asked) == 1


def test_https_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel is asked for, and the token is not told to the proxy."""
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("no_proxy", "")
    client = Client("https://packages.invalid", token="secret", timeout=0.2)
    with pytest.raises(Unreachable):
        client.me()
    listener.settimeout(5)
    with listener.accept()[0] as connection:
        head = connection.recv(1000)
    listener.close()
    assert head.startswith(b"CONNECT packages.invalid:443 ")
    assert b"secret" not in head


def test_a_proxy_that_refuses_long_bodies(make_server: Any, package: dict[str, Any], tmp_path: Path) -> None:
    """A 413 that is not the service's: the file goes in pieces, smaller ones while they are refused."""
    content = b"x" * 700_000
    (tmp_path / "agent").write_bytes(content)
    checksum = hashlib.sha256(content).hexdigest()
    too_large = (413, {"Content-Type": "text/html"}, b"<html>")
    at_the_start = (200, {"Upload-Offset": "0"}, b"")
    taken = [(204, {"Upload-Offset": str(offset)}, b"") for offset in (262_144, 524_288)]
    server = make_server(
        (200, {}, []),
        too_large,
        (200, {}, []),
        (200, {}, []),
        (201, {"Location": "https://public.example.com/api/v1/uploads/u1"}, b""),
        at_the_start,
        too_large,
        at_the_start,
        *taken,
        (201, {}, {**package, "checksum": checksum}),
    )
    place = {"name": "agent", "version": "1.0.0", "platform": "linux", "arch": "amd64"}
    done = Client(server.url).publish(str(tmp_path / "agent"), **place)
    assert done.checksum == checksum
    patches = [asked for asked in server.asked if asked.method == "PATCH"]
    assert [len(asked.body) for asked in patches] == [700_000, 262_144, 262_144, 175_712]
    assert [asked.headers["Upload-Complete"] for asked in patches] == ["?1", "?0", "?0", "?1"]
