"""What deploy/nginx.conf does besides: uploads, limits, its own refusals, TLS."""

import http.client
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from dev.checkout import PROJECT
from dev.parts import nginx, processes
from dev.parts.package_service import PackageService
from tests.certificates import self_signed
from tests.configuration import configuration
from tests.integration.delivery.client import Client

MIB = 1 << 20
SILENT_STORAGE = 5.0
"""Seconds: 2 and some room for a busy machine."""
UPLOAD = "/api/v1/packages/streamed/1.0.0/linux/amd64/agent.bin"


def test_form_upload(through_nginx: Client, tmp_path: Path) -> None:
    """A form of several MiB is published through nginx."""
    file = tmp_path / "agent.bin"
    file.write_bytes(b"z" * 5 * MIB)
    fields = [f"-F{name}={value}" for name, value in {"name": "form", "version": "1", "platform": "linux"}.items()]
    command = ["curl", "-sS", "-o", tmp_path / "out", "-w", "%{http_code}", "-H"]
    command += [f"Authorization: Bearer {through_nginx.token}", "-F", f"file=@{file}", *fields, "-Farch=amd64"]
    command += [f"http://{through_nginx.address}/api/v1/packages"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert ended.stdout == "201", (tmp_path / "out").read_text()


def test_upload_is_not_kept_back(through_nginx: Client) -> None:
    """A refusal comes while the upload is still being sent: nginx does not wait for its end."""
    with socket.create_connection(through_nginx.address.split(":"), timeout=10) as client:  # type: ignore[arg-type]
        head = f"PUT {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\nContent-Length: {5 * MIB}\r\n\r\n"
        client.sendall(head.encode() + b"a" * 1000)
        assert client.recv(12) == b"HTTP/1.1 401"


def test_messages_are_not_kept_back(through_nginx: Client) -> None:
    """A message of 64 MiB without a token is refused while it is still being sent: nginx keeps none of it."""
    with socket.create_connection(through_nginx.address.split(":"), timeout=10) as client:  # type: ignore[arg-type]
        head = f"POST /v1/opamp HTTP/1.1\r\nHost: x\r\nContent-Length: {64 * MIB}\r\n"
        client.sendall(f"{head}Content-Type: application/x-protobuf\r\n\r\n".encode() + b"a" * 1000)
        assert client.recv(12) == b"HTTP/1.1 401"


def test_limits_agree(through_nginx: Client) -> None:
    """The limit on uploads lets the service decide: its default packages.max_size, and the form around it."""
    site = (PROJECT / "deploy" / "nginx.conf").read_text()
    allowed = configuration().packages.max_size // MIB + 2
    assert site.count(f"client_max_body_size {allowed}m;") == 3
    assert through_nginx.ask("PUT", UPLOAD, b"x" * (8 * MIB + 1)).is_problem(413)


def test_small_bodies_have_a_small_limit(through_nginx: Client) -> None:
    """A body that no JSON route takes is refused by nginx in the service's form."""
    answer = through_nginx.ask("POST", "/api/v1/auth/login", b"x" * (3 * MIB))
    assert answer.is_problem(413)
    assert answer.json()["type"] == "urn:opamp-packages:problem:too-large"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/packages", b""),
        ("PUT", "/api/v1/packages/agent/1/linux/amd64/agent.bin", b"x" * (3 * MIB)),
    ],
    ids=["a list", "an upload"],
)
def test_service_away(services_folder: Path, method: str, path: str, body: bytes) -> None:
    """Without the service nginx says 503 with Retry-After, as a problem, also to what is large."""
    nowhere = f"127.0.0.1:{processes.free_port()}"
    with nginx.running(services_folder / "nginx-alone", nowhere, nowhere) as url:
        answer = Client(url.removeprefix("http://"), None).ask(method, path, body)
    assert answer.is_problem(503)
    assert answer.headers["Retry-After"] == "2"


def test_storage_away(services_folder: Path, accel_service: PackageService, admin_token: str) -> None:
    """Where nginx cannot reach the S3 the service sends the bytes itself."""
    published = Client(accel_service.address, admin_token).publish("unreached.bin", b"w" * 100_000)
    nowhere = f"127.0.0.1:{processes.free_port()}"
    with nginx.running(services_folder / "nginx-cut", accel_service.address, nowhere) as url:
        answer = Client(url.removeprefix("http://"), admin_token).get(published.path)
    assert (answer.status, answer.body) == (200, published.content)


def test_silent_storage(services_folder: Path, accel_service: PackageService, admin_token: str) -> None:
    """An S3 that takes connections and says nothing is 503 as fast as where the service asks it."""
    published = Client(accel_service.address, admin_token).publish("silent.bin", b"v" * 100_000)
    with socket.create_server((processes.HOST, 0)) as silent:
        s3 = f"{processes.HOST}:{silent.getsockname()[1]}"
        with nginx.running(services_folder / "nginx-silent", accel_service.address, s3) as url:
            started = time.monotonic()
            answer = Client(url.removeprefix("http://"), admin_token).get(published.path)
            seconds = time.monotonic() - started
    assert answer.is_problem(503)
    assert answer.headers["Retry-After"] == "2"
    assert seconds < SILENT_STORAGE


def test_links_and_addresses(through_nginx: Client, accel_service: PackageService) -> None:
    """The log has the client's address as nginx knows it, whatever the client claims."""
    through_nginx.get("/api/v1/me", X_Forwarded_For="203.0.113.9", X_Request_ID="told-address")
    log = Path(accel_service.environ["HOME"]) / "gunicorn.log"
    processes.wait_until(lambda: "told-address" in log.read_text(), "the log line")
    line = next(line for line in log.read_text().splitlines() if "told-address" in line)
    assert '"address":"127.0.0.1"' in line


@pytest.mark.parametrize("path", ["//metrics", "/%2fmetrics", "//health/live", "/%2Fhealth/live", "///metrics"])
def test_slashes_are_no_way_around(through_nginx: Client, path: str) -> None:
    """nginx by itself refuses a path that begins with two slashes, to everybody."""
    answer = through_nginx.get(path)
    assert answer.is_problem(404)
    assert answer.json()["detail"] == "There is nothing here."


def test_numbers_are_not_public(services_folder: Path, accel_service: PackageService) -> None:
    """/metrics and /health are for those who are allowed; everyone else gets 404."""
    folder, service = services_folder / "nginx-closed", accel_service.address
    with nginx.running(folder, service, service, allow="203.0.113.1") as url:
        client = Client(url.removeprefix("http://"), None)
        assert client.get("/metrics").is_problem(404)
        assert client.get("/health/ready").is_problem(404)


def test_tls_example(services_folder: Path, accel_service: PackageService, tmp_path: Path) -> None:
    """The lines marked #tls, uncommented, serve HTTPS; the plain port then only redirects."""
    certificate, key = self_signed(tmp_path)
    secure_port, plain_port = processes.free_port(), processes.free_port()
    folder = services_folder / "nginx-tls"
    tls = nginx.Tls(secure_port, plain_port, certificate, key)
    with nginx.running(folder, accel_service.address, accel_service.address, tls=tls):
        trusted = ssl.create_default_context(cafile=str(certificate))
        secure = http.client.HTTPSConnection(f"localhost:{secure_port}", context=trusted, timeout=10)
        secure.request("GET", "/health/live")
        answer = secure.getresponse()
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        secure.close()
        redirected = Client(f"127.0.0.1:{plain_port}", None).get("/api/v1/packages?limit=1")
    assert redirected.status == 308
    assert redirected.headers["Location"] == "https://127.0.0.1/api/v1/packages?limit=1"
