"""Where things are in this checkout; standard library only, since the scripts begin before anything is installed."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
PYTHON = str(VENV / "bin" / "python")

STATE = PROJECT / "data" / "dev"
"""All that start-dev.sh keeps. Removing it, with nothing running, starts afresh."""

LOCK = PROJECT / "data" / "lock"
