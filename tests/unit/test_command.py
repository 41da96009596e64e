"""The command opampkg: what it is made of, and where it repeats what the service knows."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from opampkg import vocabulary
from opampkg.names import Fields, left_out, parsed
from opampkg.version import VERSION

from app.packages import platforms
from dev.checkout import PROJECT

CLIENT = PROJECT / "client"
MODULES = sorted((CLIENT / "opampkg").glob("*.py"))


def imported(file: Path) -> set[str]:
    """The top-level modules that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in plain + froms}


def test_it_needs_nothing() -> None:
    """It imports the standard library and itself; the keyring only if it is there."""
    modules = set().union(*map(imported, MODULES))
    assert modules - set(sys.stdlib_module_names) == {"opampkg", "keyring"}
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    assert (project["dependencies"], project["requires-python"]) == ([], ">=3.9")


def test_version() -> None:
    """It is the service's."""
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_vocabulary() -> None:
    """It has the platforms, architectures and aliases of the service."""
    assert vocabulary.PLATFORMS == platforms.PLATFORMS
    assert vocabulary.ARCHES == platforms.ARCHES
    assert vocabulary.PLATFORM_ALIASES == platforms.PLATFORM_ALIASES
    assert vocabulary.ARCH_ALIASES == platforms.ARCH_ALIASES


@pytest.mark.parametrize("platform", sorted({*platforms.PLATFORMS, *platforms.PLATFORM_ALIASES}))
@pytest.mark.parametrize("form", ["tool_1.2.3_{}_{}.tar.gz", "Tool-v1.2.3-{}-{}"])
def test_file_names(platform: str, form: str) -> None:
    """Every platform with every architecture is found in a file's name, by the service's names."""
    for arch in (*platforms.ARCHES, *platforms.ARCH_ALIASES):
        found = parsed(form.format(platform.title(), arch))
        assert (found.name.lower(), found.version) == ("tool", "1.2.3"), (platform, arch)
        assert found.platform == platforms.canonical_platform(platform)
        assert found.arch == platforms.canonical_arch(arch), (platform, arch)


@pytest.mark.parametrize(
    ("file_name", "fields"),
    [
        ("otelcol-contrib_0.115.1_linux_armv7.tar.gz", ("otelcol-contrib", "0.115.1", "linux", "arm")),
        ("otelcol_0.115.1_windows_x64.msi", ("otelcol", "0.115.1", "windows", "amd64")),
        ("opampsupervisor_0.115.0_darwin_arm64", ("opampsupervisor", "0.115.0", "darwin", "arm64")),
        ("a-b-2_1.0.0-rc.1+build.5_linux_amd64v2.zip", ("a-b-2", "1.0.0-rc.1+build.5", "linux", "amd64")),
        ("a-2-b-1.2.3-linux-amd64", ("a-2-b", "1.2.3", "linux", "amd64")),
        ("agent_1.2.3-SNAPSHOT-a1_linux_mipsle_softfloat.tgz", ("agent", "1.2.3-SNAPSHOT-a1", "linux", "mipsle")),
        ("agent_2026.11_linux_all.deb", ("agent", "2026.11", "linux", "any")),
        ("agent_1.2.0~rc1_linux_x86_64.rpm", ("agent", "1.2.0~rc1", "linux", "amd64")),
        ("otelcol-0.115.1-1.x86_64.rpm", ("", "", "", "")),
        ("agent_linux_amd64", ("", "", "", "")),
        ("README.md", ("", "", "", "")),
    ],
)
def test_names_of_releases(file_name: str, fields: tuple[str, str, str, str]) -> None:
    """What a name of a real form says; nothing where it is of another."""
    assert parsed(file_name) == Fields(*fields)


@pytest.mark.parametrize(
    ("file_name", "is_left_out"),
    [
        ("a_1.0.0_linux_amd64.tar.gz.sha256", True),
        ("otelcol_0.115.1_checksums.txt", True),
        ("SHA256SUMS", True),
        ("a.tar.gz.sbom.json", True),
        ("a.spdx.json", True),
        ("a.tar.gz.sigstore.json", True),
        ("a.tar.gz.asc", True),
        ("artifacts.json", True),
        ("a_1.0.0_linux_amd64", False),
        ("checksum-tool_1.0.0_linux_amd64.tar.gz", False),
        ("settings.json", False),
    ],
)
def test_what_is_no_package(file_name: str, is_left_out: bool) -> None:
    """Checksums, SBOMs and signatures are none."""
    assert bool(left_out(file_name)) is is_left_out
