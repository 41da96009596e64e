"""test.sh: the linters, when no pytest arguments are given, and the tests, with all that they need."""

import subprocess
import sys
from collections.abc import Sequence

from dev.checkout import PYTHON
from dev.parts import go_tools, interrupts, processes
from dev.scripts import environment, mishaps

LINTERS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "mypy": ["-m", "mypy"],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}

SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
"""The whole suite waits more than it works: two of its files at a time, each with servers of its own."""


def main(arguments: Sequence[str]) -> int:
    """The exit code if it does not come to pytest, which takes this process over."""
    interrupts.install()
    try:
        environment.enter("dev.scripts.test", arguments)
        if not arguments:
            prepare()
    except KeyboardInterrupt:
        return 130
    except (processes.Failed, OSError) as error:
        print(f"test.sh: {mishaps.one_line(error)}", file=sys.stderr)
        return 1
    return environment.leave_for([PYTHON, "-m", "pytest", *(arguments or SIDE_BY_SIDE)])


def prepare() -> None:
    """Before the whole suite: build what is of Go and run the linters. Raises Failed if they find something.

    With pytest arguments a server is built when the first test asks for it.
    """
    for name in go_tools.MODULES:
        go_tools.built(name)
    failed = [name for name, command in LINTERS.items() if not passes(name, command)]
    if failed:
        raise processes.Failed(f"{', '.join(failed)} found something; the tests were not run")


def passes(name: str, command: Sequence[str]) -> bool:
    """Whether a linter finds nothing; it prints what it finds."""
    print(f"== {name}", flush=True)
    return subprocess.run([PYTHON, *command], check=False, timeout=processes.LIMIT).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
