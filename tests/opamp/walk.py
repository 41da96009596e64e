"""The reader of docs/signing.md: runs its blocks as they are written, at one of two instances."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.checkout import PROJECT
from dev.parts import processes
from tests.faults.client import Client
from tests.opamp.fleet import Fleet
from tests.opamp.scripted import ScriptedAgent
from tests.trust.sigstore import SUBJECT, Sigstore

CONTENT = b"the agent that the workflow has built"
SUBJECT_OF_THE_FILE = SUBJECT.replace("1.2.3", "1.4.0")
PATH = "/api/v1/packages/agent/{version}/linux/amd64/agent_{version}_linux_amd64.tar.gz"


@dataclass(frozen=True)
class Walk:
    """Who pastes: a folder with the file, the instance that is spoken to, and the other one."""

    here: Fleet
    there: Fleet
    folder: Path
    sigstore: Sigstore

    def paste(self, marks: str, *changes: tuple[str, str]) -> None:
        """Run the one block of the document that has `marks`, with what a reader would change in it."""
        text = (PROJECT / "docs" / "signing.md").read_text()
        (block,) = [block for block in text.split("```")[1::2] if block.startswith("\n") and marks in block]
        for before, after in changes:
            assert before in block
            block = block.replace(before, after)
        tokens = dict.fromkeys(("TOKEN", "CI_TOKEN", "OPAMPKG_TOKEN"), self.here.operator.token)
        self.run(block, **tokens, API=f"{self.here.service.url}/api/v1")

    def run(self, script: str, **environment: str) -> str:
        """Run a script in the folder, with the commands of `bin` and without the Internet; returns what it prints."""
        path = f"{self.folder}/bin:/usr/local/bin:/usr/bin:/bin"
        alone = {"PATH": path, "HOME": str(self.folder), "HTTPS_PROXY": "http://127.0.0.1:9"}
        ended = processes.complete(["bash", "-euc", script], env={**alone, **environment}, cwd=self.folder, seconds=60)
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def command(self, name: str, program: Path) -> None:
        """Put a command on the PATH."""
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin" / name).symlink_to(program)

    def enforce(self) -> None:
        """The keyless policy, enforced; signatures are of our own Sigstore."""
        root = f'v{{version}}", "root": {json.dumps(self.sigstore.root())}}}'
        self.paste("token.actions", ('"warn"', '"enforce"'), ('v{version}"}', root))

    def bundle(self) -> dict[str, Any]:
        """What cosign would write beside the file of version 1.4.0."""
        made = self.sigstore.sign(CONTENT, subject=SUBJECT_OF_THE_FILE)
        (self.folder / "agent.sigstore.json").write_text(json.dumps(made))
        return made

    def publish(self, version: str) -> dict[str, Any]:
        """Upload the file alone, without a signature."""
        answer = self.here.operator.request("PUT", PATH.format(version=version), CONTENT)
        assert answer.status == 201, answer.body
        package: dict[str, Any] = answer.json()
        return package

    def take_out_signers(self) -> None:
        """Put the policy with nobody in it."""
        body = json.dumps({"packages": ["agent*"], "mode": "enforce", "signers": []}).encode()
        answer = self.here.operator.request("PUT", "/api/v1/policies/release", body, Content_Type="application/json")
        assert answer.status == 200, answer.body

    def blocked(self, package: dict[str, Any]) -> list[tuple[bool, int, int]]:
        """Of each instance: whether the package is blocked, how a download by an agent ends, how many are offered."""
        return [self._seen(fleet, package) for fleet in (self.here, self.there)]

    def _seen(self, fleet: Fleet, package: dict[str, Any]) -> tuple[bool, int, int]:
        url = fleet.service.url
        operator, agent = Client(url, fleet.operator.token), Client(url, fleet.agent_token)
        offer = self.offer(fleet)
        offered = len(offer.packages) if offer is not None else 0
        shown = operator.get(f"/packages/{package['id']}").json()["blocked"]
        return shown, agent.download(package["id"]).status, offered

    def offer(self, fleet: Fleet) -> Any:
        """What an agent that has just come is offered, None for nothing."""
        return ScriptedAgent([fleet.service.url], fleet.agent_token).introduce()
