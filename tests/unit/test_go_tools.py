"""The S3 servers that are built from their sources."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.parts import go_tools


def test_built_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two that need a server at the same moment build it once: it takes minutes and all cores."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    go_tools.cache().mkdir(parents=True)
    both_found_nothing = threading.Barrier(2)
    looked: list[int] = []
    builds: list[str] = []
    found = go_tools.found

    def first_found(name: str) -> Path | None:
        path = found(name)
        if threading.get_ident() not in looked:
            looked.append(threading.get_ident())
            both_found_nothing.wait(10)
        return path

    def build(name: str) -> None:
        builds.append(name)
        (go_tools.cache() / name).touch()

    monkeypatch.setattr(go_tools, "found", first_found)
    monkeypatch.setattr(go_tools, "go", lambda: "go")
    monkeypatch.setattr(go_tools, "build", build)
    with ThreadPoolExecutor(2) as threads:
        paths = list(threads.map(go_tools.built, ["server-of-the-tests"] * 2))
    assert builds == ["server-of-the-tests"]
    assert paths == [go_tools.cache() / "server-of-the-tests"] * 2
