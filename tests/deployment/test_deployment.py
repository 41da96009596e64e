"""docs/deployment.md's way without a container, on a Debian that runs systemd, PostgreSQL and nginx."""

import json
import re

import pytest

from dev.checkout import PROJECT
from dev.parts import processes
from tests.configuration import configuration
from tests.deployment.conftest import NAME, PASSWORD, Deployment
from tests.deployment.machine import Machine

SERVICE = "opamp-packages.service"
API = f"https://{NAME}/api/v1"
CONFIG = "/etc/opamp-packages/config.yaml"


@pytest.fixture(scope="module")
def machine(deployment: Deployment) -> Machine:
    """The machine after the block."""
    return deployment.machine


def shown(machine: Machine, name: str) -> str:
    """A property of the service's unit."""
    return machine.check("systemctl", "show", "--value", f"--property={name}", SERVICE).strip()


def status(machine: Machine) -> dict[str, str]:
    """What the kernel says of the service's master."""
    lines = machine.check("cat", f"/proc/{shown(machine, 'MainPID')}/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def is_ready(machine: Machine) -> bool:
    """Whether the service answers through nginx that it is ready."""
    return machine.run("curl", "--silent", "--fail", f"https://{NAME}/health/ready").returncode == 0


def test_the_block_ends_with_the_service_s_answer(deployment: Deployment) -> None:
    """Its last line is the answer to /health/ready, through nginx and TLS."""
    assert json.loads(deployment.output.splitlines()[-1])["status"] == "ok"


def test_the_first_admin_publishes(machine: Machine) -> None:
    """Log in with the password that was typed, upload 20 MiB in parts, and get them back."""
    login = json.dumps({"username": "admin", "password": PASSWORD})
    answer = machine.check("curl", "-sSf", f"{API}/auth/login", "--json", login)
    bearer = ["-H", f"Authorization: Bearer {json.loads(answer)['token']}"]
    machine.check("dd", "if=/dev/urandom", "of=/srv/agent", "bs=1M", "count=20")
    path = f"{API}/packages/agent/1.0.0/linux/amd64/agent"
    machine.check("curl", "-sSf", *bearer, "-T", "/srv/agent", path)
    machine.check("curl", "-sSf", *bearer, "-o", "/srv/downloaded", path)
    machine.check("cmp", "/srv/agent", "/srv/downloaded")


def test_plain_http_is_redirected(machine: Machine) -> None:
    """No page of Debian's answers in the service's place."""
    answer = machine.check("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"http://{NAME}/x")
    assert answer == f"308 https://{NAME}/x"


def test_the_unit_is_valid(machine: Machine) -> None:
    """systemd-analyze has nothing to say about it."""
    assert machine.check("systemd-analyze", "verify", f"/etc/systemd/system/{SERVICE}") == ""


def test_the_unit_is_hardened(machine: Machine) -> None:
    """systemd's own measure of what the service is exposed to, 0 to 10, is 1.5."""
    machine.check("systemd-analyze", "security", "--no-pager", "--threshold=15", SERVICE)


def test_the_service_has_no_rights_on_the_machine(machine: Machine) -> None:
    """It runs as a user of its own, without any capability, under a filter of system calls."""
    uid = machine.check("id", "-u", "opamp-packages").strip()
    told = status(machine)
    assert told["Uid"].split() == [uid] * 4
    assert {told[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("path", ["/etc/opamp-packages/owner.env", "/etc/ssl/private/packages.key"])
def test_the_service_s_user_cannot_read_others_secrets(machine: Machine, path: str) -> None:
    """The tables' owner and the certificate are not the service's."""
    assert machine.run("runuser", "-u", "opamp-packages", "--", "cat", path).returncode != 0


def test_the_service_s_role_cannot_change_tables(machine: Machine) -> None:
    """Its password opens rows only."""
    alter = (
        "import psycopg2, app.config as c; d = c.load().database; "
        "psycopg2.connect(host=d.host, user=d.user, password=d.password.get_secret_value(), dbname=d.dbname)"
        ".cursor().execute('DROP TABLE packages')"
    )
    python = f'cd /opt/opamp-packages && OPAMP_PACKAGES_CONFIG={CONFIG} venv/bin/python -c "{alter}"'
    assert "must be owner" in machine.run("bash", "-c", python).stdout


def test_a_start_migrates_as_the_owner(machine: Machine) -> None:
    """ExecStartPre has come to its end in the sandbox, with the rights that the service does not have."""
    assert "db upgrade" in shown(machine, "ExecStartPre")
    assert "code=exited ; status=0" in shown(machine, "ExecStartPre")


def test_the_documented_command(machine: Machine) -> None:
    """A command of the service, run as its user with the words of the document, ends well."""
    document = (PROJECT / "docs" / "deployment.md").read_text()
    [command] = re.findall(r"^```\n(cd /opt/opamp-packages\nrunuser .*?)^```$", document, re.DOTALL | re.MULTILINE)
    machine.check("bash", "-euc", command)


def test_a_reload_takes_the_configuration_over(machine: Machine) -> None:
    """Other workers, as many as it says now, of the same master."""
    master = shown(machine, "MainPID")
    machine.check("sed", "-i", "s/^server:/&\\n  workers: 3/", CONFIG)
    machine.check("systemctl", "reload", SERVICE)
    children = f"/proc/{master}/task/{master}/children"
    processes.wait_until(lambda: len(machine.check("cat", children).split()) == 3, "Three workers")
    assert is_ready(machine)


def test_a_wrong_configuration_is_refused_by_reload(machine: Machine) -> None:
    """The reload fails, the journal has the line, and the service goes on as it was."""
    machine.check("sed", "-i", "s/^jwt:/jwt:\\n  durration: 5h/", CONFIG)
    try:
        assert machine.run("systemctl", "reload", SERVICE).returncode != 0
        assert "unknown key jwt.durration" in machine.check("journalctl", "--no-pager", "-u", SERVICE)
        processes.wait_until(lambda: is_ready(machine), "The service")
    finally:
        machine.check("sed", "-i", "/durration/d", CONFIG)


def test_a_service_killed_while_postgresql_is_away_comes_back(machine: Machine) -> None:
    """systemd starts it again, however often the migration before it fails, until PostgreSQL is there."""
    machine.check("systemctl", "stop", "postgresql")
    machine.check("systemctl", "kill", "--signal=KILL", "--kill-whom=all", SERVICE)
    processes.wait_until(lambda: int(shown(machine, "NRestarts")) >= 2, "A second attempt")
    machine.check("systemctl", "start", "postgresql")
    processes.wait_until(lambda: is_ready(machine), "The service")


def test_a_stop_is_clean(machine: Machine) -> None:
    """SIGTERM to the master is enough: exit 0, nothing left to kill."""
    machine.check("systemctl", "stop", SERVICE)
    assert (shown(machine, "Result"), shown(machine, "ExecMainStatus")) == ("success", "0")


def test_systemd_waits_longer_than_the_service() -> None:
    """What is in progress has server.graceful_timeout before anything is killed."""
    unit = (PROJECT / "deploy" / SERVICE).read_text()
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > configuration().server.graceful_timeout
