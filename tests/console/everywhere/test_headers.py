"""Headers of pages and files, prefixes, errors as pages."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from app import create_app
from tests.configuration import configuration
from tests.console.site import PASSWORD, Console

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/ui/login", "/ui/", "/ui/nowhere", "/ui", "/ui/token"])
def test_policy(console: Console, path: str) -> None:
    """Every answer has the policy and its companions, errors and redirects included, and is kept by no cache."""
    headers = console.client().get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_files_are_kept_for_a_year(console: Console) -> None:
    """A file under its digest is immutable and compressed; under another one it is 404 and not kept."""
    client = console.client()
    path = re.search(r'href="(/ui/static/[0-9a-f]+/page\.css)"', client.get("/ui/login").text)[1]
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.data) == client.get(path).data
    other = client.get(re.sub(r"/[0-9a-f]{16}/", "/0123456789abcdef/", path))
    assert (other.status_code, other.headers["Cache-Control"]) == (404, "no-store")


def test_only_the_hash_worker_compiles_wasm(console: Console) -> None:
    """The worker that hashes may compile WebAssembly; no page and no other file may."""
    files = console.app.view_functions["console.static_file"].__globals__["assets"]()
    client = console.client()
    allowed = [
        name
        for name in files.files
        if "wasm" in client.get(f"/ui/static/{files.digest}/{name}").headers["Content-Security-Policy"]
    ]
    assert allowed == ["js/upload/hash-worker.js"]


def test_pages_are_compressed(console: Console) -> None:
    """A page is sent as gzip to who takes it, and says so."""
    answer = console.client().get("/ui/login", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(answer.data)


def test_a_path_before_all_links() -> None:
    """With a path in public_url it stands before every link, redirect, asset and cookie path."""
    app = create_app(configuration(server={"public_url": "https://packages.example/some/path"}))
    client = app.test_client()
    page = client.get("/ui/login").text
    assert set(re.findall(r'(?:href|src|action)="(/[^"]{0,9})', page)) == {"/some/path"}
    assert client.get("/").headers["Location"] == "/some/path/ui/"
    assert client.get("/ui").headers["Location"] == "/some/path/ui/"
    assert client.get("/ui/").headers["Location"].startswith("/some/path/ui/login?next=")


def test_cookies_over_https(console: Console) -> None:
    """With an https public_url the cookie is __Secure- and Secure, below the URL's path."""
    database = {"url": console.direct_url}
    app = create_app(configuration(database=database, server={"public_url": "https://packages.example/p"}))
    headers = {"Origin": "https://packages.example"}
    answer = app.test_client().post("/ui/login", data={"username": "agent", "password": PASSWORD}, headers=headers)
    assert re.fullmatch(
        r"__Secure-opamp_console=[\w-]{43}; Secure; HttpOnly; Path=/p/ui; SameSite=Lax", answer.headers["Set-Cookie"]
    )


def test_without_a_console() -> None:
    """console.enabled false: every /ui path is 404 as the API's, and / leads to /swagger."""
    client = create_app(configuration(console={"enabled": False})).test_client()
    for path in ("/ui", "/ui/", "/ui/login", "/ui/static/0/page.css"):
        answer = client.get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert client.get("/").headers["Location"] == "/swagger"


def test_errors_are_pages(admin: FlaskClient) -> None:
    """A page that is none, and a method that it does not take, are pages with status, sentence and request id."""
    for answer, status in ((admin.get("/ui/nowhere"), 404), (admin.post("/ui/"), 405)):
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert answer.headers["X-Request-ID"] in answer.text
        assert 'data-page="error"' in answer.text


def test_script_gets_problems(console: Console) -> None:
    """Script that asks for JSON gets the problem itself; without a session that is 401 without a challenge."""
    answer = console.client().post("/ui/token", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"username=a&password=b", "text/plain", 415),
        (b"username=%ff&password=b", "application/x-www-form-urlencoded", 400),
        (b"username=a%00&password=b", "application/x-www-form-urlencoded", 400),
        (b"username=a&username=b&password=c", "application/x-www-form-urlencoded", 422),
        (b"username=a&password=b&more=c", "application/x-www-form-urlencoded", 422),
        (b"username=a", "application/x-www-form-urlencoded", 422),
        (b"a=" + b"b" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % number for number in range(1200)), "application/x-www-form-urlencoded", 400),
    ],
    ids=["type", "utf-8", "nul", "twice", "unknown", "missing", "large", "many"],
)
def test_bad_forms(console: Console, body: bytes, content_type: str, status: int) -> None:
    """A form that is none, or has fields that are missing, unknown or repeated, is refused as the API refuses."""
    assert console.client().post("/ui/login", data=body, content_type=content_type).status_code == status
