"""What we depend on: no known holes, and listed completely."""

import json
import re

from dev.checkout import PROJECT, PYTHON
from dev.parts import processes
from dev.supply_chain import audit


def test_known_holes() -> None:
    """pip-audit finds none in the locked requirements; without a way to the advisories the floors hold."""
    ended = processes.complete([PYTHON, "-m", "dev.supply_chain.audit"], cwd=PROJECT)
    assert ended.returncode in (0, audit.UNREACHABLE), ended.stdout


def test_bill_of_materials() -> None:
    """It names every locked package of this environment with its version."""
    found = json.loads(processes.check([PYTHON, "-m", "dev.supply_chain.sbom"], "The bill of materials", cwd=PROJECT))
    assert found["bomFormat"] == "CycloneDX"
    named = {component["purl"].lower() for component in found["components"]}
    locked = re.findall(r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert {f"pkg:pypi/{name.lower()}@{version}" for name, version in locked} <= named
