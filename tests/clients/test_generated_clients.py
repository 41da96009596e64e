"""Clients that others' generators make of /openapi.json."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dev.parts import client_generators
from tests.faults.site import Site

HERE = Path(__file__).parent
BINARY = ("application/x-protobuf", "application/offset+octet-stream", "application/partial-upload")
CONFIGURATION = {"post_hooks": [], "content_type_overrides": dict.fromkeys(BINARY, "application/octet-stream")}
"""No formatter is needed; and the generator knows no protobuf and no pieces of uploads."""


@pytest.fixture
def document(site: Site, tmp_path: Path) -> Path:
    """The running service's document."""
    file = tmp_path / "openapi.json"
    run(["curl", "-fsS", "-o", file, f"{site.service.url}/openapi.json"])
    return file


def run(command: list[object], **environ: str) -> str:
    """What a command prints; its errors are the test's."""
    ended = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_a_python_client(site: Site, document: Path, tmp_path: Path) -> None:
    """openapi-python-client takes every operation; its client publishes, lists, finds the latest and downloads."""
    python = client_generators.python_generator()
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(CONFIGURATION))
    where = ["--path", document, "--config", settings, "--output-path", tmp_path / "packages_client", "--meta", "none"]
    run([python, "-m", "openapi_python_client", "generate", *where, "--fail-on-warning"])
    script = HERE / "use_python_client.py"
    printed = run([python, script, site.service.url, site.tokens["admin"]], PYTHONPATH=str(tmp_path))
    assert json.loads(printed) == {
        "listed": ["1.1.0", "1.0.0"],
        "latest": "1.1.0",
        "same": [True, True, True],
        "release": True,
        "description": "put",
        "platform": "linux",
        "problems": [401, 404],
    }


def test_typescript_types(document: Path, tmp_path: Path) -> None:
    """openapi-typescript's types tell what is required, and which platforms there are."""
    if shutil.which("npm") is None and not os.environ.get("CI"):
        pytest.skip("no npm on PATH (Debian: apt-get install nodejs npm)")
    tools = client_generators.typescript_tools()
    # As the generator takes it by itself, what has a default would have to be sent.
    run([tools / "openapi-typescript", document, "--default-non-nullable=false", "-o", tmp_path / "schema.d.ts"])
    shutil.copy(HERE / "use_typescript.ts", tmp_path)
    run([tools / "tsc", "--noEmit", "--strict", "--skipLibCheck", "false", tmp_path / "use_typescript.ts"])
