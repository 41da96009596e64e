"""This machine's settings of pip as environment variables, for a pip that runs elsewhere: in a chroot, in an image."""

import ast
import os
import re
import sys

from dev.parts import processes

NAMES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY")
LINE = re.compile(r"(?:global|install)\.([a-z-]+)=(.*)")


def variables() -> dict[str, str]:
    """Where the index is and how to reach it, from pip's files and, above them, from the environment."""
    told = processes.check([sys.executable, "-m", "pip", "config", "list"], "pip config list")
    in_files = {
        f"PIP_{match[1].replace('-', '_').upper()}": str(ast.literal_eval(match[2]))
        for match in map(LINE.fullmatch, told.splitlines())
        if match
    }
    return {name: value for name, value in {**in_files, **os.environ}.items() if name in NAMES}
