"""Known holes in what we depend on: python -m dev.supply_chain.audit. Exit 1: a finding; 3: nobody could be asked."""

import json
import re
import sys
from pathlib import Path

from packaging.version import Version

from dev.checkout import PROJECT, PYTHON
from dev.parts import processes

FOUND, UNREACHABLE = 1, 3
PATIENCE = 180.0
"""Seconds for all advisories together."""


def main() -> int:
    """Ask PyPI's advisories; where they can't be reached say so, and hold the lock to the floors at least."""
    low = below_floors()
    if low:
        print("Below the floors of requirements.in: " + ", ".join(low))
        return FOUND
    findings = advisories(PROJECT / "requirements.txt")
    if findings is None:
        print("PyPI's advisories could not be reached: only the floors of requirements.in were checked.")
        return UNREACHABLE
    print("\n".join(findings) or "No known holes.")
    return FOUND if findings else 0


def advisories(requirements: Path) -> list[str] | None:
    """What pip-audit finds in a locked file, as `package version: ids`; None where it gets no answer."""
    command = [PYTHON, "-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip", "--progress-spinner=off"]
    ended = processes.complete([*command, "--format=json", "-r", requirements], seconds=PATIENCE)
    report = re.search(r'^\{"dependencies".*\}$', ended.stdout, re.MULTILINE)
    if report is None:
        return None
    vulnerable = [each for each in json.loads(report[0])["dependencies"] if each.get("vulns")]
    return [f"{each['name']} {each['version']}: {[hole['id'] for hole in each['vulns']]}" for each in vulnerable]


def below_floors() -> list[str]:
    """Locked versions that are below what requirements.in asks for."""
    floors = re.findall(r"^([\w-]+)>=([\w.]+)", (PROJECT / "requirements.in").read_text(), re.MULTILINE)
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE))
    return [f"{name} {locked[name]} < {floor}" for name, floor in floors if Version(locked[name]) < Version(floor)]


if __name__ == "__main__":
    sys.exit(main())
