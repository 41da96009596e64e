"""Mutated signature files: how many are trusted that should not be. `python -m tests.trust.mutations --count 9999`."""

import argparse
import base64
import copy
import datetime as dt
import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.trust.formats import read_signature
from app.trust.signers import judge
from app.trust.strict_json import Malformed
from tests.trust.packages import CONTENT, keyless, package
from tests.trust.sigstore import THEN, Sigstore

NOW = THEN + dt.timedelta(days=1)
OTHER = b"other bytes"
JUNK = [None, True, -1, 2**70, 1e308, "", "\u0000", "AAAA", "=", [], {}, [[]], {"a": []}, "é" * 99]


@dataclass
class Findings:
    """What a campaign has found: `trusted` and `slow` are bad, and any exception ends it."""

    tried: int = 0
    readable: int = 0
    trusted: list[bytes] = field(default_factory=list)
    slow: list[bytes] = field(default_factory=list)


def untrusted(sigstore: Sigstore) -> list[dict[str, Any]]:
    """Bundles that no signer of `sigstore`'s accepts for CONTENT 1.2.3: each lacks one thing."""
    ended = copy.copy(sigstore)
    ended.ca_key = Sigstore().ca_key
    old = "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v1.2.2"
    return [
        sigstore.sign(OTHER),
        sigstore.attest(OTHER),
        sigstore.sign(CONTENT, subject=old),
        sigstore.sign(CONTENT, issuer="https://other.example"),
        sigstore.sign(CONTENT, at=sigstore.start - dt.timedelta(days=1)),
        ended.sign(CONTENT),
        Sigstore().sign(CONTENT),
        Sigstore().attest(CONTENT),
    ]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all that is in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What is at a path."""
    for step in path:
        value = value[step]
    return value


def mutate(chance: random.Random, seed: dict[str, Any], donors: list[dict[str, Any]]) -> bytes:
    """The seed with some of its parts flipped, replaced, taken out or put in from another bundle."""
    value = copy.deepcopy(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        path = chance.choice(list(places(value)))
        holder, key = at(value, path[:-1]), path[-1]
        donor = chance.choice(donors)
        match chance.randrange(5):
            case 0 if path in set(places(donor)):
                holder[key] = copy.deepcopy(at(donor, path))
            case 1:
                del holder[key]
            case 2:
                holder[key] = copy.deepcopy(chance.choice(JUNK))
            case _ if isinstance(holder[key], str):
                holder[key] = flipped(chance, holder[key])
        if not value:
            break
    text = json.dumps(value).encode()
    if chance.random() < 0.2:
        place = chance.randrange(len(text))
        text = text[:place] + bytes([chance.randrange(256)]) + text[place + chance.randrange(2) :]
    return text


def flipped(chance: random.Random, text: str) -> str:
    """One bit of what the Base64 holds, or one character of the text, is another."""
    try:
        content = bytearray(base64.b64decode(text, validate=True))
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        return base64.b64encode(content).decode()
    except ValueError:
        place = chance.randrange(len(text) + 1)
        return text[:place] + chance.choice("0aA/@*-") + text[place + 1 :]


def campaign(count: int, seed: int = 1) -> Findings:
    """Mutate bundles that must not be trusted, with parts of one another; and good ones, judged for other packages."""
    chance, sigstore, found = random.Random(seed), Sigstore(), Findings()
    seeds = untrusted(sigstore)
    good = [sigstore.sign(CONTENT), sigstore.attest(CONTENT)]
    signer = keyless(sigstore)
    checksum = hashlib.sha256(CONTENT).hexdigest()
    assert all(
        judge(signer, read_signature(json.dumps(each).encode(), checksum), package(), NOW).accepted for each in good
    )
    for number in range(count):
        mutant = mutate(chance, seeds[number % len(seeds)], seeds)
        began = time.thread_time()  # what else the machine does is not the mutant's
        try:
            file = read_signature(mutant, checksum, may_be_raw=chance.random() < 0.5)
        except Malformed:
            file = None
        found.tried += 1
        found.readable += file is not None
        if file is not None and judge(signer, file, package(), NOW).accepted:
            found.trusted.append(mutant)
        if time.thread_time() - began > 1:
            found.slow.append(mutant)
    for number in range(count // 4):
        # A good bundle, mutated, still counts for no other version and no other bytes.
        mutant = mutate(chance, good[number % 2], seeds)
        found.tried += 1
        for other in (package(version="1.2.4"), package(checksum=hashlib.sha256(OTHER).hexdigest())):
            try:
                file = read_signature(mutant, other.checksum)
            except Malformed:
                continue
            if judge(signer, file, other, NOW).accepted:
                found.trusted.append(mutant)
    return found


def main() -> None:
    """Run a campaign and print what it found; exit 1 if something is trusted or slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    began = time.monotonic()
    found = campaign(options.count, options.seed)
    print(  # noqa: T201 - a command
        f"seed {options.seed}: {found.tried} mutants, {found.readable} readable, {len(found.trusted)} wrongly trusted, "
        f"{len(found.slow)} over 1 s; {time.monotonic() - began:.0f} s"
    )
    for mutant in (*found.trusted, *found.slow):
        print(mutant.decode(errors="replace"))  # noqa: T201
    raise SystemExit(bool(found.trusted or found.slow))


if __name__ == "__main__":
    main()
