"""What docs/signing.md tells to paste, on two instances, with a Sigstore of our own for the public one."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dev.checkout import PROJECT
from dev.parts import processes
from tests.faults import service as services
from tests.faults.client import Client
from tests.opamp.fleet import Fleet
from tests.opamp.scripted import ScriptedAgent
from tests.opamp.test_signed import sign, supervisor
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
        tokens = dict.fromkeys(("TOKEN", "CI_TOKEN"), self.here.operator.token)
        environment = {**tokens, "API": f"{self.here.service.url}/api/v1", "PATH": "/usr/local/bin:/usr/bin:/bin"}
        ended = processes.complete(["bash", "-euc", block], env=environment, cwd=self.folder, seconds=60)
        assert ended.returncode == 0, ended.stdout

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


BLOCKED = [(True, 403, 0)] * 2
OFFERED = [(False, 200, 1)] * 2


@pytest.fixture(scope="module")
def second(installation: tuple[services.Service, str], services_folder: Path) -> Iterator[services.Service]:
    """Another instance on the same database and bucket."""
    with services.running(services_folder, **installation[0].sections) as service:
        yield service


@pytest.fixture
def walk(fleet: Fleet, second: services.Service, tmp_path: Path) -> Walk:
    """The document's reader, at the first instance."""
    (tmp_path / "agent").write_bytes(CONTENT)
    return Walk(fleet, replace(fleet, service=second), tmp_path, Sigstore())


def test_keyless(walk: Walk) -> None:
    """Unsigned is blocked, signed reaches an agent, old bytes as a new version do not, nor any without signers."""
    walk.enforce()
    package = walk.publish("1.4.0")
    walk.paste("/channels/stable")
    assert walk.blocked(package) == BLOCKED
    bundle = walk.bundle()
    walk.paste("-T agent.sigstore.json")
    assert walk.blocked(package) == OFFERED
    agent = walk.there.agent(*supervisor(walk.sigstore, walk.folder, SUBJECT_OF_THE_FILE))
    agent.wait_for({"": "v1.4.0"})
    assert agent.content("") == CONTENT
    again = walk.publish("1.5.0")
    sign(walk.here, again, bundle)
    assert [seen[:2] for seen in walk.blocked(again)] == [(True, 403)] * 2
    agent.polls(3)
    assert agent.offers() == [" v1.4.0"]
    began = time.monotonic()
    walk.take_out_signers()
    assert walk.blocked(package) == BLOCKED
    assert time.monotonic() - began < 1


def test_form(walk: Walk) -> None:
    """A form with its signature is never blocked, and the offer carries the whole bundle."""
    walk.enforce()
    walk.bundle()
    walk.paste("-F version=1.4.0")
    walk.paste("/channels/stable")
    (package,) = walk.here.operator.get("/packages?name=agent").json()
    assert walk.blocked(package) == OFFERED
    signature = walk.offer(walk.there).packages[""].file.signature
    assert signature == (walk.folder / "agent.sigstore.json").read_bytes()


def test_by_key(walk: Walk) -> None:
    """What openssl has signed is offered with its raw signature, until the key is taken out."""
    walk.paste("openssl dgst")
    package = walk.publish("1.4.0")
    assert package["checksum"] == hashlib.sha256((walk.folder / "agent").read_bytes()).hexdigest()
    walk.paste("/channels/stable", ('"sigstore"', '"raw"'))
    walk.paste("-T agent.sig ", ('"warn"', '"enforce"'))
    assert walk.blocked(package) == OFFERED
    assert walk.offer(walk.there).packages[""].file.signature == (walk.folder / "agent.sig").read_bytes()
    began = time.monotonic()
    walk.take_out_signers()
    assert walk.blocked(package) == BLOCKED
    assert time.monotonic() - began < 1
