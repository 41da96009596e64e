"""Files that only their owner may read, written whole or not at all."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put `text` in place of what `path` holds, readable by its owner alone."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log, indented; empty if there is none."""
    if not path.exists():
        return ""
    lines = path.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines)
