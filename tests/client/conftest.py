"""The command as a user has it: fetched from the running service, in a home of its own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.client.line import Line
from tests.faults.client import unique_name
from tests.faults.proxy import proxying
from tests.faults.site import Site


@dataclass(frozen=True)
class Ended:
    """What a run printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


@dataclass(frozen=True)
class User:
    """Someone with the command, a home and a folder."""

    program: Path
    home: Path
    folder: Path
    environ: dict[str, str] = field(repr=False)

    def run(self, *arguments: object, given: str = "", code: int | None = 0, **environ: str) -> Ended:
        """Run the command; `code`: how it has to end, None if any way will do."""
        ended = subprocess.run(
            [str(self.program), *map(str, arguments)],
            env={**self.environ, **environ},
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        shown = Ended(ended.returncode, ended.stdout, ended.stderr)
        assert code is None or ended.returncode == code, shown
        return shown

    def file(self, name: str, content: bytes = b"") -> Path:
        """A file with this name; what is in it is nobody else's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or os.urandom(2000))
        return path


UserOf = Callable[[str], User]


@pytest.fixture(scope="session")
def program(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, as README.md says how to get it."""
    path = tmp_path_factory.mktemp("command") / "opampkg"
    subprocess.run(["curl", "-fsSo", path, f"{site.service.url}/cli"], check=True, timeout=60)
    path.chmod(0o755)
    return path


@pytest.fixture
def user_of(site: Site, program: Path, tmp_path: Path) -> UserOf:
    """Makes a user with the token of a role ("" for none) in the environment."""

    def make(role: str) -> User:
        home, folder = tmp_path / f"home-{role}", tmp_path / f"folder-{role}"
        home.mkdir()
        folder.mkdir()
        environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
        if role:
            environ["OPAMPKG_TOKEN"] = site.tokens[role]
        return User(program, home, folder, environ)

    return make


@pytest.fixture
def publisher(user_of: UserOf) -> User:
    """A user who may publish."""
    return user_of("publisher")


@pytest.fixture
def admin(user_of: UserOf) -> User:
    """A user who may do everything."""
    return user_of("admin")


@pytest.fixture
def line(site: Site) -> Iterator[Line]:
    """A slow line to the service."""
    with proxying(site.service.port) as proxy:
        yield Line(proxy)


@pytest.fixture
def name() -> str:
    """A package's name that nothing else has."""
    return unique_name()
