"""The table of attacks: python -m tests.attacks [--short] [--only A1] [--json FILE]. It needs root, for a network.

Makes each attack for real, and prints how it was answered and what everybody else saw: p50 and p99 in seconds of
/health/live, a list and an agent's poll, failures among them, and what the workers' memory grew by at the worst moment.
Exits with 1 if something is not as it must be.
"""

import argparse
import functools
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dev.parts import go_tools, postgres
from tests import databases
from tests.attacks import agents, anybody, link, storages, surroundings
from tests.attacks.row import Row
from tests.attacks.sizes import SHORT, Sizes
from tests.faults.site import Site, installed

Attack = Callable[[Site, Sizes], Row]
ATTACKS: dict[str, tuple[Attack, ...]] = {
    "A1": (agents.roll_out,),
    "A2": (anybody.half_sent_logins, anybody.refused_bodies),
    "A3": tuple(functools.partial(agents.bomb, kind=kind) for kind in agents.BOMBS),
    "A4": (agents.numbers,),
    "A5": (agents.another_agent,),
    "A6": (anybody.idle_connections,),
    "A7": (surroundings.around_the_proxy,),
    "B1": (surroundings.full_disk_of_metrics,),
    "B2": (agents.revoked_while_uploading,),
    "B3": (storages.page_in_the_storages_place,),
    "B3b": (storages.without_quorum,),
    "B4": (anybody.many_logins,),
    "B6": (agents.untaken_pages,),
    "B5": (functools.partial(agents.huge_messages, talkers=1), agents.huge_messages),
    "B7": (surroundings.standing_collector,),
    "B8": (storages.another_storage,),
    "B9": (surroundings.upgrade_beside_readers,),
    "C1": (surroundings.odd_requests_to_the_proxy,),
    "C6": (anybody.small_chunks,),
}
ELSEWHERE = {"B3b": "tests/scale", "B9": "tests/faults/test_upgrades.py"}
"""What other tests of the suite do at length: not in the short form."""
IN_SHORT = [name for name in ATTACKS if name not in ELSEWHERE]


def main() -> int:
    """Make the attacks, and tell whether all holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="about a minute, with limits that only tell defects")
    parser.add_argument("--only", nargs="+", choices=ATTACKS, help="these alone")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    arguments = parser.parse_args()
    names = arguments.only or (IN_SHORT if arguments.short else list(ATTACKS))
    # What has to be fetched is fetched before: inside there is no other network.
    go_tools.built("minio")
    link.enter()
    sizes = SHORT if arguments.short else Sizes()
    link.shape(sizes.mbit)
    folder = Path(tempfile.mkdtemp(prefix="opamp-attacks-"))
    folder.chmod(0o755)
    try:
        found = attacked(folder, sizes, names)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([row.members() for row in found]))
    return int(any(row.missed for row in found))


def attacked(folder: Path, sizes: Sizes, names: list[str]) -> list[Row]:
    """The rows, each printed at once, of an installation in `folder`."""
    found = []
    with postgres.running(folder / "postgres", settings={"fsync": "off"}) as server:
        databases.make_template(server)
        with installed(folder, server, "attacks", server={"max_connections": sizes.max_connections}) as site:
            for attack in (attack for name in names for attack in ATTACKS[name]):
                row = attack(site, sizes)
                sys.stdout.write(row.line() + "\n")
                sys.stdout.flush()
                found.append(row)
    return found


if __name__ == "__main__":
    sys.exit(main())
