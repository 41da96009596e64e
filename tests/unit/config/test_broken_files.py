"""Files that are broken or absent, and names in them that mean nothing."""

from pathlib import Path

import pytest
import yaml

from app.config import ConfigError, load
from tests.configuration import environment
from tests.unit.config.starting import SECRET, fault_of, written


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: [", "not valid YAML at line 1"),
        (b"\x00", "not valid YAML"),
        (b"server: caf\xe9", "not UTF-8"),
        (b"- server", "got a list"),
        (b"text", "got a single value"),
        (b"server: 5", "section 'server' got a single value"),
        (b"server: [port]", "section 'server' got a list"),
        (b"server: {port: 1, port: 2}", "'port' stands twice"),
        (b"server: {}\nserver: {}", "'server' stands twice"),
        (b"a: 1\n---\nb: 1", "not valid YAML"),
        (b"a: 2026-13-45", "not valid YAML"),
        (b"a: " + b"9" * 5000, "not valid YAML"),
        (b"[" * 5000, "not valid YAML"),
        (b"? [a]\n: b", "not valid YAML"),
        (b"a: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_broken_file(tmp_path: Path, content: bytes, told: str) -> None:
    """A file that is no YAML, or not sections of keys, is refused by its name and the fault."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    line = fault_of(path)
    assert told in line
    assert str(path) in line


def test_named_file_is_absent(tmp_path: Path) -> None:
    """A file that is named has to be there."""
    environ = {**environment(), "OPAMP_PACKAGES_CONFIG": str(tmp_path / "absent.yaml")}
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: No such file"):
        load(environ=environ)


def test_file_is_a_folder(tmp_path: Path) -> None:
    """A folder is no file."""
    assert "Is a directory" in fault_of(tmp_path)


def test_unknown_key(tmp_path: Path) -> None:
    """A key that does not exist is refused, with the one that was probably meant."""
    assert "unknown key server.prot; did you mean port?" in fault_of(written(tmp_path, "server.prot", 1))


def test_unknown_section(tmp_path: Path) -> None:
    """A section that does not exist is refused."""
    assert "unknown section sever; did you mean server?" in fault_of(written(tmp_path, "sever.port", 1))


@pytest.mark.parametrize("key", [1, True, None])
def test_key_that_is_no_text(tmp_path: Path, key: object) -> None:
    """YAML's other types are no names of sections."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({key: {"a": 1}}))
    assert f"unknown section {key}" in fault_of(path)


@pytest.mark.parametrize(
    "name",
    ["OPAMP_PACKAGES_", "OPAMP_PACKAGES_SERVER__PROT", "OPAMP_PACKAGES_SERVER_PORT", "OPAMP_PACKAGES_server__port"],
)
def test_unknown_variable(tmp_path: Path, name: str) -> None:
    """A variable of ours that sets nothing is refused, and its value not shown."""
    (tmp_path / "config.yaml").touch()
    line = fault_of(tmp_path / "config.yaml", {**environment(), name: SECRET})
    assert f"unknown variable {name}" in line
    assert SECRET not in line
