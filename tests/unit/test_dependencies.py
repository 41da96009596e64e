"""What we depend on: no known holes, and listed completely."""

import ast
import importlib.metadata
import json
import re
from pathlib import Path

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


def imported(file: Path) -> set[str]:
    """The top-level modules that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in plain + froms}


def test_each_requirement_is_used() -> None:
    """The service imports something of every requirement that is there for its own sake."""
    own = (PROJECT / "requirements.in").read_text().partition("# Floors")[0]
    required = {name.lower() for name in re.findall(r"^([\w-]+)", own, re.MULTILINE)}
    modules = set().union(*map(imported, [*(PROJECT / "app").rglob("*.py"), PROJECT / "gunicorn.conf.py"]))
    distributions = importlib.metadata.packages_distributions()
    used = {name.lower().replace("_", "-") for module in modules for name in distributions.get(module, [])}
    assert required - used == set()
