"""`pip install ./client`, which pipx does, too."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from opampkg.version import VERSION

from dev.checkout import PROJECT


def test_it_brings_nothing_else(tmp_path: Path) -> None:
    """Installed in an empty environment it is the only package there, typed, and its program runs."""
    source, environment = tmp_path / "client", tmp_path / "environment"
    shutil.copytree(PROJECT / "client", source, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=300)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", source], check=True, timeout=300)
    listed = subprocess.run(
        [*pip, "list", "--format", "json"], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert json.loads(listed) == [{"name": "opampkg", "version": VERSION}]
    told = subprocess.run(
        [environment / "bin" / "opampkg", "--version"], capture_output=True, text=True, check=True, timeout=300
    )
    assert told.stdout == f"opampkg {VERSION}\n"
    assert list(environment.glob("lib/*/site-packages/opampkg/py.typed"))
