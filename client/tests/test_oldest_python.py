"""Python 3.9 is enough."""

import ast
import subprocess
import sys
from pathlib import Path

MODULES = sorted((Path(__file__).parents[1] / "opampkg").glob("*.py"))


def test_python_3_9_reads_it() -> None:
    """Every module is of the grammar of Python 3.9, and uses nothing that is newer."""
    for module in MODULES:
        ast.parse(module.read_text(), feature_version=(3, 9))
    vermin = Path(sys.executable).with_name("vermin")
    command = [vermin, "--target=3.9-", "--no-tips", "--violations", *MODULES]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout
