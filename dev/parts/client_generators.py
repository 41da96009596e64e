"""Generators of OpenAPI clients, installed once into a cache outside the checkout: from PyPI and from npm."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dev.parts import processes
from dev.parts.go_tools import cache

PYTHON_CLIENT = "openapi-python-client==0.29.1"
TYPESCRIPT = {"openapi-typescript": "7.13.0", "typescript": "5.9.3"}


def python_generator() -> Path:
    """A Python that has openapi-python-client, and what its clients need."""
    return _cached(PYTHON_CLIENT.replace("==", "-"), _install_from_pypi) / "bin" / "python"


def typescript_tools() -> Path:
    """The folder of the commands openapi-typescript and tsc. Raises Failed without npm."""
    return _cached(f"openapi-typescript-{'-'.join(TYPESCRIPT.values())}", _install_from_npm) / "node_modules" / ".bin"


def _cached(name: str, install: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache, where only whole ones are."""
    folder = cache().parent / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            install(Path(fresh) / name)
            (Path(fresh) / name).replace(folder)
    return folder


def _install_from_pypi(folder: Path) -> None:
    processes.check([sys.executable, "-m", "venv", folder], "A virtual environment")
    processes.check([folder / "bin" / "python", "-m", "pip", "install", "-q", PYTHON_CLIENT], "Installing with pip")


def _install_from_npm(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise processes.Failed("openapi-typescript needs npm: apt-get install nodejs npm")
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": TYPESCRIPT}))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    processes.check(command, "Installing with npm")
