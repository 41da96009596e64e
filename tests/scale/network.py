"""Machines as network namespaces: a bridge, a veth pair for each, /etc/hosts of their own. Needs root and iproute2.

All names carry this process's id. What a process left that was killed is removed by the next one.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.parts import processes

HOSTS = Path("/etc/netns")
"""`ip netns exec` binds the files of HOSTS / namespace over those of /etc."""


def ip(command: str) -> str:
    """Run iproute2's ip. Raises Failed."""
    return processes.check(["ip", *command.split()], f"ip {command}")


@dataclass(frozen=True)
class Machine:
    """One namespace; `address` is its only one besides the loopback's."""

    name: str
    namespace: str
    address: str
    link: str

    @property
    def prefix(self) -> list[str]:
        """What to put before a command that is to run there."""
        return ["ip", "netns", "exec", self.namespace]

    def unplug(self) -> None:
        """Nothing reaches it any more, and nothing tells so: its packets are lost."""
        ip(f"link set {self.link} down")

    def plug(self) -> None:
        """Bring it back."""
        ip(f"link set {self.link} up")


@dataclass(frozen=True)
class Network:
    """The machines by name, and the address that this process has among them."""

    machines: dict[str, Machine]
    address: str

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]


@contextlib.contextmanager
def network(*names: str, aliases: dict[str, tuple[str, ...]]) -> Iterator[Network]:
    """Machines that know each other by name; an alias is a name with the addresses of several. Removed at the end."""
    sweep()
    owner, subnet = os.getpid(), free_subnet(os.getpid())
    made = [
        Machine(name, f"opamp-{owner}-{name}", f"{subnet}.{number}", f"op{owner}v{number}")
        for number, name in enumerate(names, 11)
    ]
    machines = {machine.name: machine for machine in made}
    lines = [f"{machine.address} {machine.name}" for machine in made]
    lines += [f"{machines[name].address} {alias}" for alias, members in aliases.items() for name in members]
    try:
        ip(f"link add op{owner}b type bridge")
        ip(f"addr add {subnet}.1/24 dev op{owner}b")
        ip(f"link set op{owner}b up")
        for machine in made:
            _add(machine, f"op{owner}b", "\n".join(["127.0.0.1 localhost", *lines, ""]))
        yield Network(machines, f"{subnet}.1")
    finally:
        remove(owner)


def _add(machine: Machine, bridge: str, hosts: str) -> None:
    folder = HOSTS / machine.namespace
    folder.mkdir(parents=True)
    (folder / "hosts").write_text(hosts)
    ip(f"netns add {machine.namespace}")
    ip(f"link add {machine.link} type veth peer name eth0 netns {machine.namespace}")
    ip(f"link set {machine.link} master {bridge} up")
    ip(f"-n {machine.namespace} addr add {machine.address}/24 dev eth0")
    for link in ("lo", "eth0"):
        ip(f"-n {machine.namespace} link set {link} up")


def free_subnet(seed: int) -> str:
    """The first three numbers of a private /24 that this machine has no route to."""
    routes = processes.check(["ip", "-4", "route", "show", "table", "all"], "ip route")
    for number in range(seed, seed + 100):
        subnet = f"10.{128 + number // 256 % 128}.{number % 256}"
        if f"{subnet}." not in routes:
            return subnet
    raise processes.Failed("no private subnet is free for the test's bridge")


def remove(owner: int) -> None:
    """End what runs in the namespaces of this process id, and take them, the links and the hosts files away."""
    for name in belongings(owner) - set(_links()):
        for pid in _output("netns", "pids", name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _output("netns", "del", name)
        shutil.rmtree(HOSTS / name, ignore_errors=True)
    # By name: a namespace that another mount namespace still knows would live on with its end.
    for link in belongings(owner):
        _output("link", "del", link)


def belongings(owner: int) -> set[str]:
    """The namespaces and links of this process id."""
    return {name for name in _namespaces() | set(_links()) if re.match(rf"opamp-{owner}-|op{owner}[bv]", name)}


def sweep() -> None:
    """Remove what processes left that live no more."""
    owners = {found[1] for name in _namespaces() if (found := re.match(r"opamp-(\d+)-", name))}
    owners |= {found[1] for link in _links() if (found := re.match(r"op(\d+)[bv]", link))}
    for owner in owners:
        if not Path(f"/proc/{owner}").exists():
            remove(int(owner))


def _namespaces() -> set[str]:
    """Also those of which only the hosts file is there."""
    folders = {path.name for path in HOSTS.iterdir()} if HOSTS.exists() else set()
    return set(_output("netns", "list")) | folders


def _links() -> list[str]:
    return re.findall(r"^\d+: ([^:@]+)", "\n".join(_lines("-o", "link", "show")), re.MULTILINE)


def _output(*arguments: str) -> list[str]:
    """The words that ip prints; none if it refuses, as it does when the thing is gone already."""
    return " ".join(_lines(*arguments)).split()


def _lines(*arguments: str) -> list[str]:
    return subprocess.run(
        ["ip", *arguments], check=False, capture_output=True, text=True, timeout=60
    ).stdout.splitlines()
