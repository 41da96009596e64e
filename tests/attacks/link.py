"""A network of one's own with a slow link in it: packets to READER pass through it, and no others."""

import os
import subprocess
import sys

READER = "127.0.0.2"
"""The address that readers connect from. Probes have 127.0.0.1, and are not shaped with them."""

MBIT = 1_000_000 / 8
INSIDE = "OPAMP_ATTACKS_INSIDE"


def enter() -> None:
    """Begin this process again in a network namespace of its own; return if it is there. Raises OSError."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, "-m", "tests.attacks", *sys.argv[1:]])  # noqa: S606 - no shell is needed


def shape(mbit: int) -> None:
    """Bring up the loopback device, with a link of so many Mbit/s towards READER."""
    for command in (
        "ip link set lo up",
        "tc qdisc add dev lo root handle 1: htb r2q 1000",
        f"tc class add dev lo parent 1: classid 1:1 htb rate {mbit}mbit burst 1m",
        f"tc filter add dev lo parent 1: protocol ip prio 1 u32 match ip dst {READER}/32 flowid 1:1",
    ):
        subprocess.run(command.split(), check=True, timeout=30)
