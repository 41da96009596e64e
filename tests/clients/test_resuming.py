"""Others' clients bring a file through a line that breaks: tuspy, tus-js-client, curl as docs/uploads.md has it."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.sections import PROJECT
from dev.parts import client_generators, processes
from tests.faults.audit import leftovers
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.proxy import Proxy, proxying
from tests.faults.service import Service
from tests.faults.site import Site

HERE = Path(__file__).parent
SIZE = 24 << 20
CUT_EVERY = 5 << 20
"""Bytes after which every connection is cut."""


@pytest.fixture(scope="module")
def bad_line(site: Site) -> Iterator[Proxy]:
    """A proxy that cuts, to an instance of the service that hands out the proxy's address."""
    service = Service(site.service.folder, dict(site.service.sections))
    with proxying(service.port) as proxy:
        service.sections["server"] = {"public_url": f"http://{proxy.address}"}
        service.start(wait_for="/health/ready")
        passed = [0]

        def watch(block: bytes) -> bool:
            passed[0] += len(block)
            if passed[0] > CUT_EVERY:
                passed[0] = 0
                proxy.cut()
            return True

        proxy.watch = watch
        yield proxy
        service.stop()


def command(client: str, url: str, file: Path, name: str) -> tuple[list[str], dict[str, str]]:
    """What to run, and what its environment has besides."""
    arguments = [url, str(file), name]
    if client == "tuspy":
        return [str(client_generators.tuspy()), str(HERE / "use_tuspy.py"), *arguments], {}
    if client == "tus-js-client":
        modules = {"NODE_PATH": str(client_generators.tus_js_client())}
        return [shutil.which("node") or "node", str(HERE / "use_tus.js"), *arguments], modules
    [script] = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs" / "uploads.md").read_text(), re.DOTALL)
    script = script.replace("packages/otelcol/1.0.0/linux/amd64/otelcol.tar.gz", f"packages/{name}/1/linux/amd64/a.bin")
    return ["bash", "-euc", script], {"URL": url, "FILE": str(file)}


@pytest.mark.parametrize("client", ["tuspy", "tus-js-client", "curl"])
def test_a_client_gets_through(site: Site, bad_line: Proxy, tmp_path: Path, client: str) -> None:
    """The same bytes come out, and nothing is left over."""
    content, name, file = content_of(SIZE), unique_name(), tmp_path / "agent.bin"
    file.write_bytes(content)
    run, environ = command(client, f"http://{bad_line.address}", file, name)
    ended = processes.complete(run, env={**os.environ, **environ, "TOKEN": site.tokens["publisher"]})
    admin = Client(site.service.url, site.tokens["admin"])
    assert ended.returncode == 0, ended.stdout
    [package] = admin.get(f"/packages?name={name}").json()
    assert package["checksum"] == sha256(content) == sha256(admin.download(package["id"]).body)
    assert leftovers(site).wrong == 0
