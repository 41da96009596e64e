"""The commands of README.md: its blocks marked `bash`, run in order in one shell."""

import re
import subprocess
from pathlib import Path

from tests.e2e.checkout import PROJECT, Checkout, environment

BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"


def blocks() -> list[str]:
    """The blocks that are to be run."""
    return BLOCK.findall((PROJECT / "README.md").read_text())


def run_all(checkout: Checkout, outputs: Path, *, storage: str, port: int) -> None:
    """Run every block in the clone; the output of block N is in `outputs`/N. Fails with the block that failed."""
    ended = subprocess.run(
        ["bash", "-c", script(outputs, storage=storage, port=port)],
        cwd=checkout.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    refuse_failure(ended, outputs)


def script(outputs: Path, *, storage: str, port: int) -> str:
    """All blocks for one shell; what block N prints goes to `outputs`/N."""
    lines = ["set -euo pipefail"]
    for number, block in enumerate(blocks()):
        commands = block.replace("./start-dev.sh\n", f"./start-dev.sh --storage {storage} --port {port}\n")
        commands = commands.replace(ADDRESS, f"http://127.0.0.1:{port}")
        lines.append(f"echo {number} > '{outputs}/at'\n{{\n{commands}\n}} > '{outputs}/{number}'")
    return "\n".join(lines)


def refuse_failure(ended: "subprocess.CompletedProcess[str]", outputs: Path) -> None:
    """Fail with the block at which the script ended, if it failed."""
    at = int((outputs / "at").read_text())
    shown = (outputs / str(at)).read_text()[-2000:]
    assert ended.returncode == 0, f"{blocks()[at]}\nended with {ended.returncode}: {shown}{ended.stdout[-2000:]}"


def output_of(outputs: Path, command: str) -> str:
    """What the first block that contains `command` printed."""
    number = next(number for number, block in enumerate(blocks()) if command in block)
    return (outputs / str(number)).read_text()
