"""A file comes through a line that breaks, by tuspy, tus-js-client, curl as docs/uploads.md has it, and opampkg."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.config.sections import PROJECT
from dev.parts import client_generators, processes
from tests.clients.line import BadLine, bad_line
from tests.faults.audit import leftovers
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.service import Service
from tests.faults.site import Site

HERE = Path(__file__).parent
SIZE = 64 << 20
CUTS = 20
LONG = 300.0
"""Seconds within which a machine, however busy, has sent it."""

CLIENTS = ["tuspy", "tus-js-client", "curl", "opampkg"]


@pytest.fixture(scope="module")
def line(site: Site) -> Iterator[BadLine]:
    """A bad line to two instances, without stickiness; both hand out its address."""
    instances = [Service(site.service.folder, dict(site.service.sections)) for _ in range(2)]
    with bad_line([each.port for each in instances]) as opened:
        for each in instances:
            each.sections["server"] = {"public_url": f"http://{opened.address}"}
            each.sections["packages"] = {"max_size": "128MiB"}
            each.start(wait_for="/health/ready")
        try:
            yield opened
        finally:
            for each in instances:
                each.stop()


def command(client: str, url: str, file: Path, name: str) -> tuple[list[str], dict[str, str]]:
    """What to run, and what its environment has besides."""
    arguments = [url, str(file), name]
    if client == "tuspy":
        return [str(client_generators.tuspy()), str(HERE / "use_tuspy.py"), *arguments], {}
    if client == "tus-js-client":
        modules = {"NODE_PATH": str(client_generators.tus_js_client())}
        return [shutil.which("node") or "node", str(HERE / "use_tus.js"), *arguments], modules
    if client == "opampkg":
        program = file.with_name("opampkg")
        processes.complete(["curl", "-fsSo", str(program), f"{url}/cli"])
        return ["python3", str(program), "publish", str(file)], {"HOME": str(file.parent)}
    [script] = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs" / "uploads.md").read_text(), re.DOTALL)
    script = script.replace("packages/otelcol/1.0.0/linux/amd64/otelcol.tar.gz", f"packages/{name}/1/linux/amd64/a.bin")
    # None of these waits before it comes again: that is what makes it hard.
    return ["bash", "-euc", script.replace("sleep 1", "sleep 0.01")], {"URL": url, "FILE": str(file)}


def tokens(site: Site) -> dict[str, str]:
    """The environment of a client that may publish."""
    return {"TOKEN": site.tokens["publisher"], "OPAMPKG_TOKEN": site.tokens["publisher"]}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_gets_through(site: Site, line: BadLine, tmp_path: Path, client: str) -> None:
    """20 cuts at random, two instances in turn: the same bytes, at most 1.02 of them sent, and nothing left over."""
    content, name = content_of(SIZE), unique_name()
    file = tmp_path / f"{name}_1.0.0_linux_amd64"
    file.write_bytes(content)
    run, environ = command(client, f"http://{line.address}", file, name)
    line.begin(SIZE, CUTS)
    ended = processes.complete(run, env={**environ, **tokens(site)}, seconds=LONG)
    admin = Client(site.service.url, site.tokens["admin"])
    assert ended.returncode == 0, ended.stdout
    assert line.breaks == []
    assert line.handed <= 1.02 * SIZE
    [package] = admin.get(f"/packages?name={name}").json()
    assert package["checksum"] == sha256(content) == sha256(admin.download(package["id"]).body)
    assert leftovers(site).wrong == 0


@pytest.mark.parametrize("client", ["tuspy", "tus-js-client", "curl"])
def test_a_client_whose_last_answer_is_lost(site: Site, line: BadLine, tmp_path: Path, client: str) -> None:
    """The bytes have come and are published, the line breaks before the answer: the client ends well all the same."""
    name = unique_name()
    file = tmp_path / f"{name}_1.0.0_linux_amd64"
    file.write_bytes(content_of(1 << 20))
    run, environ = command(client, f"http://{line.address}", file, name)
    admin = Client(site.service.url, site.tokens["admin"])
    line.begin(0, 0)
    with ThreadPoolExecutor(1) as pool:
        with line.losing_answers_to(b"PATCH"):
            running = pool.submit(processes.complete, run, env={**environ, **tokens(site)}, seconds=LONG)
            processes.wait_until(lambda: bool(admin.get(f"/packages?name={name}").json()), "The package", LONG)
        line.cut()
        ended = running.result(LONG)
    assert ended.returncode == 0, ended.stdout
