"""What docs/signing.md tells to paste, on two instances, with a Sigstore of our own for the public one."""

import hashlib
import time
from typing import Any

from tests.opamp.test_signed import sign, supervisor
from tests.opamp.walk import CONTENT, SUBJECT_OF_THE_FILE, Walk

BLOCKED = [(True, 403, 0)] * 2
OFFERED = [(False, 200, 1)] * 2


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
    assert min(blocked_within(walk, package) for _ in range(3)) < 1


def blocked_within(walk: Walk, package: dict[str, Any]) -> float:
    """Seconds from taking the signer out until both instances have refused the package: at their first answers."""
    walk.enforce()
    assert walk.blocked(package) == OFFERED
    began = time.monotonic()
    walk.take_out_signers()
    assert walk.blocked(package) == BLOCKED
    return time.monotonic() - began


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
    walk.take_out_signers()
    assert walk.blocked(package) == BLOCKED
