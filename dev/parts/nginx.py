"""A real nginx with deploy/nginx.conf, on a free port and a folder of its own."""

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import PROJECT
from dev.parts import processes

MAIN = """\
daemon off;
{user}
worker_processes {workers};
worker_rlimit_nofile 4096;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
"""Everything that deploy/nginx.conf leaves to the machine's own nginx.conf."""


def installed() -> str | None:
    """The path of nginx, None if it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass(frozen=True)
class Tls:
    """What the lines marked #tls need."""

    port: int
    plain_port: int
    certificate: Path
    key: Path


def site(port: int, service: str, s3: str, **directives: str) -> str:
    """deploy/nginx.conf for these addresses (host:port); `directives` replace the values of some."""
    text = (PROJECT / "deploy" / "nginx.conf").read_text()
    text = text.replace("127.0.0.1:8080", service).replace("127.0.0.1:9000", s3)
    text = text.replace("listen 80;  #plain", f"listen 127.0.0.1:{port};")
    for directive, value in directives.items():
        text = re.sub(rf"(?m)^(\s*{directive}) .*;", rf"\1 {value};", text)
    return text


def with_tls(text: str, tls: Tls) -> str:
    """The site with its lines marked #tls in force."""
    text = re.sub(r"(?m)^\s*listen 127.*\n", "", text).replace("#tls ", "")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{tls.plain_port};")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{tls.port} ")
    text = text.replace("/etc/ssl/certs/packages.pem", str(tls.certificate))
    return text.replace("/etc/ssl/private/packages.key", str(tls.key))


@contextlib.contextmanager
def running(
    folder: Path, service: str, s3: str, *, workers: int = 1, tls: Tls | None = None, **directives: str
) -> Iterator[str]:
    """Run nginx before the service and the S3 at these addresses; yields its URL, without TLS."""
    port = tls.port if tls else processes.free_port()
    text = site(port, service, s3, **directives)
    with serving(folder, with_tls(text, tls) if tls else text, port, workers):
        yield f"http://{processes.HOST}:{port}"


@contextlib.contextmanager
def serving(folder: Path, text: str, port: int, workers: int = 1) -> Iterator[None]:
    """Run nginx with this site, which listens on `port`."""
    binary = installed()
    if binary is None:
        raise processes.Failed("nginx is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(MAIN.format(folder=folder, user=user, workers=workers))
    command = [binary, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(main)]
    process = processes.launch(command, log=folder / "output.log")
    try:
        processes.wait_until(lambda: not processes.is_free(port), f"nginx (see {folder})")
        yield
    finally:
        processes.stop(process, signal.SIGQUIT)
