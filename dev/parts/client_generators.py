"""Others' clients for tests, installed once into a cache outside the checkout, from PyPI and from npm.

Generators of OpenAPI clients, and clients of tus.
"""

import functools
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dev.parts import processes
from dev.parts.go_tools import cache

TUSPY = "tuspy==1.1.0"
TUS_JS = {"tus-js-client": "4.3.1"}
PYTHON_CLIENT = "openapi-python-client==0.29.1"
TYPESCRIPT = {"openapi-typescript": "7.13.0", "typescript": "5.9.3"}


def python_generator() -> Path:
    """A Python that has openapi-python-client, and what its clients need."""
    return _from_pypi(PYTHON_CLIENT)


def tuspy() -> Path:
    """A Python that has tuspy."""
    return _from_pypi(TUSPY)


def typescript_tools() -> Path:
    """The folder of the commands openapi-typescript and tsc. Raises Failed without npm."""
    return _from_npm("openapi-typescript", TYPESCRIPT) / "node_modules" / ".bin"


def tus_js_client() -> Path:
    """The folder of modules with tus-js-client. Raises Failed without npm."""
    return _from_npm("tus-js-client", TUS_JS) / "node_modules"


def _from_pypi(requirement: str) -> Path:
    folder = _cached(requirement.replace("==", "-"), functools.partial(_install_from_pypi, requirement))
    return folder / "bin" / "python"


def _from_npm(name: str, packages: dict[str, str]) -> Path:
    return _cached(f"{name}-{'-'.join(packages.values())}", functools.partial(_install_from_npm, packages))


def _cached(name: str, install: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache, where only whole ones are."""
    folder = cache().parent / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            install(Path(fresh) / name)
            (Path(fresh) / name).replace(folder)
    return folder


def _install_from_pypi(requirement: str, folder: Path) -> None:
    processes.check([sys.executable, "-m", "venv", folder], "A virtual environment")
    processes.check([folder / "bin" / "python", "-m", "pip", "install", "-q", requirement], "Installing with pip")


def _install_from_npm(packages: dict[str, str], folder: Path) -> None:
    if shutil.which("npm") is None:
        raise processes.Failed("The tests with others' clients need npm: apt-get install nodejs npm")
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages}))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
    processes.check(command, "Installing with npm")
