"""TLS: authorities that are named, certificates of clients, and a proxy's tunnel."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.client.conftest import User, UserOf


class Empty(http.server.BaseHTTPRequestHandler):
    """A service without packages."""

    def do_GET(self) -> None:
        """An empty list."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Nothing is written to the tests' output."""


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of clients that do not trust it."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """They are what is tested."""


@dataclass(frozen=True)
class Secure:
    """A server with TLS; `authority`: what its certificate is trusted by, `client`: a certificate with its key."""

    url: str
    authority: Path
    client: Path


@pytest.fixture(params=[False, True], ids=["anybody", "clients with a certificate"])
def insists(request: pytest.FixtureRequest) -> bool:
    """Whether the server wants a certificate of its clients."""
    return bool(request.param)


@pytest.fixture
def secure(tmp_path: Path, *, insists: bool) -> Iterator[Secure]:
    """A server with TLS."""
    for whose in ("server", "client"):
        (tmp_path / whose).mkdir()
    certificate, key = self_signed(tmp_path / "server")
    client_certificate, client_key = self_signed(tmp_path / "client", "a client")
    client = tmp_path / "client.pem"
    client.write_bytes(client_certificate.read_bytes() + client_key.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if insists:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_certificate)
    server = Quiet(("127.0.0.1", 0), Empty)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield Secure(f"https://127.0.0.1:{server.server_port}", certificate, client)
    server.shutdown()
    server.server_close()


@pytest.fixture
def user(user_of: UserOf) -> User:
    """Someone with a token in the environment."""
    return user_of("agent")


def test_an_authority_that_is_named(user: User, secure: Secure, *, insists: bool) -> None:
    """By option, by OPAMPKG_CA_FILE, or by SSL_CERT_FILE; the client's own certificate by --client-cert."""
    own = ["--client-cert", secure.client] if insists else []
    server = ["list", "--server", secure.url, *own]
    user.run(*server, "--ca-file", secure.authority)
    user.run(*server, OPAMPKG_CA_FILE=str(secure.authority))
    user.run(*server, SSL_CERT_FILE=str(secure.authority))


@pytest.mark.parametrize("insists", [False], indirect=True)
def test_a_certificate_that_is_not_trusted(user: User, secure: Secure) -> None:
    """Exit 7 at once, with what to do; nothing switches the check off."""
    ended = user.run("list", "--server", secure.url, code=7)
    assert "certificate is not trusted" in ended.err
    assert "--ca-file" in ended.err
    for option in ("--insecure", "-k", "--no-verify"):
        user.run("list", option, "--server", secure.url, code=2)


@pytest.mark.parametrize("insists", [True], indirect=True)
def test_a_client_without_a_certificate(user: User, secure: Secure) -> None:
    """Exit 7."""
    user.run("list", "--server", secure.url, "--ca-file", secure.authority, "--timeout", "1s", code=7)


@pytest.mark.parametrize("insists", [False], indirect=True)
def test_a_file_that_is_no_certificate(user: User, secure: Secure) -> None:
    """Exit 2 that names it."""
    none = user.file("none.pem", b"no certificate")
    for option in ("--ca-file", "--client-cert"):
        assert str(none) in user.run("list", "--server", secure.url, option, none, code=2).err
