"""The table of attacks in its short form: each row holds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dev.checkout import PROJECT
from tests.attacks.__main__ import ATTACKS, IN_SHORT

TIMEOUT = 570


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The rows by their attack's name."""
    if os.geteuid() != 0:
        pytest.fail("a network of its own needs root: .ci/run has it")
    file: Path = tmp_path_factory.mktemp("attacks") / "rows.json"
    command = [sys.executable, "-m", "tests.attacks", "--short", "--json", str(file)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert file.exists(), run.stdout + run.stderr
    rows = json.loads(file.read_text())
    return {name: [row for row in rows if row["attack"].split()[0] == name] for name in IN_SHORT}


@pytest.mark.parametrize("name", IN_SHORT)
def test_holds(table: dict[str, list[dict[str, Any]]], name: str) -> None:
    """The attack is answered as it must be, and others hardly notice."""
    rows = table[name]
    assert len(rows) == len(ATTACKS[name])
    assert not [row for row in rows if row["missed"]]
