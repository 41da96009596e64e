"""Mutated signature files sent to a running service: statuses, times, and whether one counts.

`python -m tests.trust.over_http --count 9999`
"""

import argparse
import copy
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.parts import postgres
from tests import databases
from tests.faults.client import Client
from tests.faults.site import installed
from tests.trust.mutations import mutate, untrusted
from tests.trust.packages import CONTENT, keyless
from tests.trust.sigstore import Sigstore

NAME = "mutants"
LIMIT = 1.0
"""Seconds that an answer may take."""


@dataclass
class Answers:
    """What a campaign has got: by status, and all that is bad, with the mutant."""

    statuses: dict[int, int] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        counts = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"{sum(self.statuses.values())} sent: {counts}; slowest {self.slowest:.2f} s; {len(self.bad)} bad"


def send(client: Client, count: int, seed: int = 1) -> Answers:
    """Send mutants to packages whose policy none of them may satisfy."""
    chance, sigstore, answers = random.Random(seed), Sigstore(), Answers()
    policy = {"packages": [NAME], "mode": "enforce", "signers": [keyless(sigstore)]}
    body = json.dumps(policy).encode()
    put = client.request("PUT", f"/api/v1/policies/{NAME}", body, Content_Type="application/json")
    assert put.status in (200, 201), put.body
    # Good bundles are of version 1.2.3, and the packages of others.
    seeds = [*untrusted(sigstore), sigstore.sign(CONTENT), sigstore.attest(CONTENT)]
    packages = _packages(client, seed)
    package, kept = next(packages), 0
    for number in range(count):
        mutant = mutate(chance, copy.deepcopy(seeds[number % len(seeds)]), seeds)
        path = f"/api/v1/packages/{package['id']}/signatures" + chance.choice(("", "?format=raw"))
        answer = client.request("POST", path, mutant)
        # What takes long once may be the machine; what takes long each time is the mutant.
        again = range(2 if answer.seconds > LIMIT else 0)
        seconds = min([answer.seconds, *(client.request("POST", path, mutant).seconds for _ in again)])
        answers.statuses[answer.status] = answers.statuses.get(answer.status, 0) + 1
        answers.slowest = max(answers.slowest, seconds)
        if answer.status >= 500 or seconds > LIMIT:
            answers.bad.append(f"{answer.status} after {seconds:.2f} s: {mutant.decode(errors='replace')}")
        kept += answer.status == 201
        if kept == 16:
            package, kept = next(packages), 0
    answers.bad += [f"{each['version']} is not blocked" for each in client.packages() if _counts(each)]
    return answers


def _packages(client: Client, seed: int) -> Iterator[dict[str, Any]]:
    """Packages with the same bytes, each of a version of its own."""
    for number in range(10_000):
        answer = client.put(CONTENT, name=NAME, version=f"{seed}.{number}.0")
        assert answer.status == 201, answer.body
        yield answer.json()


def _counts(package: dict[str, Any]) -> bool:
    return package["name"] == NAME and not (package["blocked"] and package["trust"] == "untrusted")


def campaign(count: int, seed: int) -> Answers:
    """Send mutants to an installation of their own."""
    folder = Path(tempfile.mkdtemp(prefix="opamp-mutants-"))
    folder.chmod(0o755)
    try:
        with postgres.running(folder / "postgres", settings={"fsync": "off"}) as server:
            databases.make_template(server)
            with installed(folder, server, "mutants") as site:
                return send(site.client(), count, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run a campaign and print what it found; exit 1 if anything is bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    answers = campaign(options.count, options.seed)
    print(f"seed {options.seed}: {answers}", *answers.bad, sep="\n")  # noqa: T201 - a command
    raise SystemExit(bool(answers.bad))


if __name__ == "__main__":
    main()
