"""What docs/opamp.md and docs/rollouts.md tell to paste works as it stands."""

import json
import re
from pathlib import Path

from dev.checkout import PROJECT
from dev.parts import processes
from dev.parts.go_tools import go
from tests.opamp.fleet import Fleet

DOCUMENTS = PROJECT / "docs"


def commands(name: str) -> str:
    """All commands of a document, start-dev.sh aside, which other tests run."""
    blocks = (DOCUMENTS / name).read_text().split("```")[1::2]
    return "".join(block for block in blocks if block.startswith("\n") and "start-dev.sh" not in block)


def test_the_documented_run(fleet: Fleet, tmp_path: Path) -> None:
    """The agent installs what was uploaded, the list shows it, and the offer for another server names its channel."""
    script = commands("opamp.md").replace("http://127.0.0.1:8080", fleet.service.url)
    script = script.replace("/tmp/", f"{tmp_path}/").replace("(cd tests", f"(cd {PROJECT}/tests")  # noqa: S108 - not ours
    environment = {"TOKEN": fleet.operator.token, "PATH": f"{Path(go() or '').parent}:/usr/local/bin:/usr/bin:/bin"}
    ended = processes.complete(["bash", "-euc", script], env=environment, cwd=tmp_path, seconds=240)
    assert ended.returncode == 0, ended.stdout
    assert (tmp_path / "opamp-packages" / "files" / "otelcol").read_text() == "the program"
    (agent,), _ = json.JSONDecoder().raw_decode(ended.stdout, ended.stdout.index('[{"instance_uid"'))
    assert [package["status"] for package in agent["packages"]] == ["installed"]
    assert re.search(r"OpAMP-Channel: stable", ended.stdout, re.IGNORECASE)


def test_the_documented_rollout(fleet: Fleet, tmp_path: Path) -> None:
    """Twenty agents get 1.1.0 in stages, 1.2.0 stops at its canaries, and after the way back all have 1.1.0."""
    script = commands("rollouts.md").replace("http://127.0.0.1:8080", fleet.service.url)
    script = script.replace("/tmp/", f"{tmp_path}/").replace("(cd tests", f"(cd {PROJECT}/tests")  # noqa: S108 - not ours
    environment = {"TOKEN": fleet.operator.token, "PATH": f"{Path(go() or '').parent}:/usr/local/bin:/usr/bin:/bin"}
    ended = processes.complete(["bash", "-euc", script], env=environment, cwd=tmp_path, seconds=300)
    assert ended.returncode == 0, ended.stdout
    assert "1.1.0 is on 20 agents" in ended.stdout
    assert "agents are bad, most often: failed" in ended.stdout
    assert "1.2.0 is on 0 agents, 1.1.0 on 20" in ended.stdout
