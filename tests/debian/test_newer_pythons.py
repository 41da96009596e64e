"""The README's way on Debians with newer Pythons, from a fresh clone: it starts, works and passes its tests."""

import json
from pathlib import Path

import pytest

from dev.parts import processes
from tests.debian import base
from tests.debian.machine import Machine
from tests.e2e import readme


@pytest.fixture(scope="module")
def outputs(machine: Machine) -> Path:
    """Where the output of each block of the README is, after all have run twice in one shell."""
    folder = machine.root / "srv/outputs"
    folder.mkdir()
    script = readme.script(Path("/srv/outputs"), storage="filesystem", port=processes.free_port())
    readme.refuse_failure(machine.run(script, seconds=600), folder)
    return folder


def test_python(machine: Machine, suite: str) -> None:
    """The suite's Python is as new as what is tested here says."""
    told = machine.run("python3 -c 'import sys; print(*sys.version_info[:2])'", seconds=10).stdout
    assert [*map(int, told.split())] >= [*map(int, base.PYTHONS[suite].split("."))]


def test_upload_and_download(outputs: Path) -> None:
    """After ./start-dev.sh, the README's upload is stored; its download is equal (the block compares them) and runs."""
    package = json.loads(readme.output_of(outputs, "-X POST $API/packages"))
    assert package["name"] == "opamp-agent"
    assert readme.output_of(outputs, "data/try/agent --version") != ""


def test_the_command(machine: Machine, outputs: Path) -> None:
    """The README's command published with this Python and found it there again; it runs from the checkout, too."""
    assert "Published" in readme.output_of(outputs, "login --token-stdin")
    assert "Already there" in readme.output_of(outputs, "data/try/opampkg yank")
    ended = machine.run("PYTHONPATH=client python3 -m opampkg --version", seconds=10)
    assert ended.stdout.startswith("opampkg ")


def test_unit_tests(machine: Machine) -> None:
    """./test.sh tests/unit passes, with nothing on the machine but Python and curl."""
    ended = machine.run("./test.sh tests/unit -q -p no:cacheprovider", seconds=600)
    assert ended.returncode == 0, ended.stdout[-4000:]
