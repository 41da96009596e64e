"""The commands of README.md: its blocks marked `bash`, run in order, and then again, in one shell."""

import re
import shlex
import subprocess
from pathlib import Path

from tests.e2e.checkout import PROJECT, Checkout, environment

BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"
AGENT = "data/dev/agent-v1.0.0-linux-amd64"


def blocks() -> list[str]:
    """The blocks that are to be run."""
    return BLOCK.findall((PROJECT / "README.md").read_text())


def run_twice(checkout: Checkout, outputs: Path, *, storage: str, port: int, agent: str = AGENT) -> None:
    """Paste all blocks twice into one shell in the clone, with `agent` as the file to upload.

    What block N prints is in `outputs`/once/N and `outputs`/again/N. Fails with the block that failed.
    """
    ended = subprocess.run(
        ["bash", "-c", script(outputs, storage=storage, port=port, agent=agent)],
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


def script(outputs: Path, *, storage: str, port: int, agent: str = AGENT) -> str:
    """All blocks twice, for one shell; what block N prints goes to `outputs`/once/N, then to `outputs`/again/N."""
    # Clones that run at the same time have one home.
    lines = ["set -euo pipefail", f"export OPAMPKG_PROFILE=readme-{port}"]
    for time in ("once", "again"):
        lines.append(f"mkdir -p '{outputs}/{time}'")
        for number, block in enumerate(blocks()):
            commands = block.replace("./start-dev.sh\n", f"./start-dev.sh --storage {storage} --port {port}\n")
            commands = commands.replace(ADDRESS, f"http://127.0.0.1:{port}")
            commands = commands.replace(f"AGENT={AGENT}\n", f"AGENT={shlex.quote(agent)}\n")
            lines.append(f"echo {time}/{number} > '{outputs}/at'\n{{\n{commands}\n}} > '{outputs}/{time}/{number}'")
    return "\n".join(lines)


def refuse_failure(ended: "subprocess.CompletedProcess[str]", outputs: Path) -> None:
    """Fail with the block at which the script ended, if it failed."""
    at = (outputs / "at").read_text().strip()
    shown = (outputs / at).read_text()[-2000:]
    block = blocks()[int(Path(at).name)]
    assert ended.returncode == 0, f"{at}: {block}\nended with {ended.returncode}: {shown}{ended.stdout[-2000:]}"


def output_of(outputs: Path, command: str, time: str = "once") -> str:
    """What the first block that contains `command` printed, the first `time` or the second."""
    number = next(number for number, block in enumerate(blocks()) if command in block)
    return (outputs / time / str(number)).read_text()
