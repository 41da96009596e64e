"""`login`, `logout`, `whoami`, and whom a token is shown to."""

import http.server
import json
import stat
import threading
from collections.abc import Iterator

import pytest

from tests.client.conftest import User, UserOf
from tests.faults.site import Site

PASSWORD = "a password of the tests"


@pytest.fixture
def user(user_of: UserOf) -> User:
    """Someone without a token."""
    return user_of("")


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another server's URL, and the Authorization headers that it has got."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_a_password_login(site: Site, user: User, name: str) -> None:
    """The password comes on stdin; the token is kept for the profile, 0600 in a folder that is 0700."""
    body = json.dumps({"username": name, "password": PASSWORD, "role": "publisher"}).encode()
    made = site.client().request("POST", "/api/v1/users", body, Content_Type="application/json")
    assert made.status == 201, made.body
    user.run("login", "--username", name, "--password-stdin", given=f"{PASSWORD}\n")
    assert user.run("whoami", "--json").document["username"] == name
    folder = user.home / ".config" / "opampkg"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "credentials.json").stat().st_mode) == 0o600
    user.run("logout")
    user.run("whoami", code=4)
    assert user.run("login", "--username", name, "--password-stdin", given="a wrong password\n", code=4).out == ""


def test_open_credentials_are_refused(site: Site, user: User) -> None:
    """A file that others can read is not used: exit 2 that says what to do."""
    user.run("login", "--token-stdin", given=site.tokens["agent"])
    (user.home / ".config/opampkg/credentials.json").chmod(0o644)
    assert "chmod 600" in user.run("whoami", code=2).err


def test_a_token_goes_to_its_own_origin(site: Site, user: User, elsewhere: tuple[str, list[str]]) -> None:
    """The profile's token is for the server of its login; for another one nobody is logged in."""
    url, seen = elsewhere
    user.run("login", "--token-stdin", given=site.tokens["agent"])
    assert url in user.run("list", "--server", url, code=4).err
    assert seen == []
    user.run("list")


def test_profiles(site: Site, user: User) -> None:
    """Each has its own token."""
    for role in ("agent", "publisher"):
        user.run("login", "--token-stdin", "--profile", role, given=site.tokens[role])
    assert user.run("whoami", "--json", "--profile", "agent").document["role"] == "agent"
    assert user.run("whoami", "--json", OPAMPKG_PROFILE="publisher").document["role"] == "publisher"


@pytest.mark.parametrize("token", ["secret\x00token", "geheim-tökén", "secret token", "two\nlines-of-secret"])
def test_no_output_has_a_token(user: User, token: str) -> None:
    """One that cannot be one is refused without being shown, whichever way it comes."""
    file = user.file("token", token.encode())
    for ended in (
        user.run("login", "--token-stdin", given=token, code=4),
        user.run("list", "--token-file", file, code=4),
    ):
        assert "secret" not in ended.out + ended.err
        assert "Traceback" not in ended.err


def test_no_option_takes_a_secret(user: User) -> None:
    """Arguments are seen by everyone on the machine; what was given to one that is none is not shown again."""
    for option in ("--token", "--password"):
        for given in ([option, "secret"], [f"{option}=secret"]):
            for command in ("login", "list"):
                ended = user.run(command, *given, code=2)
                assert "secret" not in ended.out + ended.err
                assert option in ended.err


def test_no_value_out_of_place_is_shown(user: User) -> None:
    """An option that is none before the command makes its value the command; a switch takes no value."""
    for arguments in (
        ["--token", "secret", "list"],
        ["channel", "--token", "secret", "list"],
        ["login", "--token-stdin=secret"],
        ["login", "--password-stdin=it's secret"],
    ):
        ended = user.run(*arguments, code=2)
        assert "secret" not in ended.out + ended.err, arguments
        assert "argument" in ended.err
