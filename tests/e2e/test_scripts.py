"""start-dev.sh and stop-dev.sh: what stays, what is left alone, and which storage is taken."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from dev.parts import processes
from dev.parts.s3 import S3
from tests.e2e.checkout import Checkout, environment

FOLDER = ("--storage", "filesystem")


def started(checkout: Checkout, *options: str) -> str:
    """The output of a start on the folder backend and a free port."""
    ended = checkout.run("start-dev.sh", *FOLDER, "--port", str(processes.free_port()), *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def pasted(checkout: Checkout, output: str, folder: Path) -> list[str]:
    """What the printed commands print, pasted one by one into a shell."""
    commands = re.findall(r"^(?:TOKEN=|curl )(?:.*\\\n)*.*$", output, re.MULTILINE)
    script = "set -e\n" + "\n".join(f"{command}\necho '== next'" for command in commands)
    ended = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.split("== next\n")


def test_packages_and_password_stay(checkout: Checkout, tmp_path: Path) -> None:
    """What was uploaded is there after a stop and a start, and the admin's password is the same."""
    package = json.loads(pasted(checkout, started(checkout), tmp_path)[1])
    kept = (checkout.folder / "data/dev/admin-password").read_text()
    assert checkout.run("stop-dev.sh").returncode == 0
    listed = pasted(checkout, started(checkout), tmp_path)[2]
    assert (package["id"], package["checksum"]) in [(each["id"], each["checksum"]) for each in json.loads(listed)]
    assert (checkout.folder / "data/dev/admin-password").read_text() == kept


def test_a_wrong_configuration(checkout: Checkout) -> None:
    """A start with a wrong key of the configuration says which, in one line, and leaves nothing running."""
    ended = checkout.run("start-dev.sh", *FOLDER, OPAMP_PACKAGES_SERVER__THREADS="many")
    assert ended.returncode == 1
    assert "server.threads" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert checkout.processes() == []


def test_a_service_that_does_not_start(checkout: Checkout) -> None:
    """When gunicorn ends at once, the start shows the end of its log and stops the rest."""
    broken = checkout.folder / "gunicorn.conf.py"
    whole = broken.read_text()
    broken.write_text("raise SystemExit('broken on purpose')\n")
    try:
        ended = checkout.run("start-dev.sh", *FOLDER, "--port", str(processes.free_port()))
    finally:
        broken.write_text(whole)
    assert ended.returncode == 1
    assert "broken on purpose" in ended.stderr
    assert checkout.processes() == []


def test_a_database_of_another_version(checkout: Checkout) -> None:
    """Data of another major version of PostgreSQL is left as it is, and the start says which version made it."""
    started(checkout)
    checkout.run("stop-dev.sh")
    folder = checkout.folder / "data" / "dev" / "postgres"
    made_by = (folder / "PG_VERSION").read_text()
    (folder / "PG_VERSION").write_text("12\n")
    try:
        ended = checkout.run("start-dev.sh", *FOLDER, "--port", str(processes.free_port()))
    finally:
        (folder / "PG_VERSION").write_text(made_by)
    assert ended.returncode == 1
    assert "was made by PostgreSQL 12, and this is 18" in ended.stderr
    assert checkout.processes() == []


def test_nothing_to_stop(checkout: Checkout) -> None:
    """Stopping when nothing runs says so and succeeds."""
    ended = checkout.run("stop-dev.sh")
    assert (ended.returncode, ended.stdout) == (0, "Nothing is running.\n")


def test_a_reused_pid_is_left_alone(checkout: Checkout) -> None:
    """A process that was given the pid of one of ours is not stopped."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = checkout.folder / "data" / "dev" / "state.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    part = {"name": "the service", "pid": bystander.pid, "started": "another boot 1", "sign": 15, "patience": 1}
    record.write_text(json.dumps({"parts": [part], "url": "", "containers": []}))
    try:
        assert "Nothing is running." in checkout.run("stop-dev.sh").stdout
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait(processes.GONE)


def test_auto_takes_the_minio_of_the_configuration(checkout: Checkout, minio_server: S3) -> None:
    """At a first start `--storage auto` uses the MinIO of the configuration when that answers, and says so."""
    forget_storage(checkout)
    endpoint = minio_server.endpoint
    ended = checkout.run(
        "start-dev.sh",
        "--port",
        str(processes.free_port()),
        OPAMP_PACKAGES_MINIO__ENDPOINT=endpoint,
        OPAMP_PACKAGES_MINIO__ACCESS_KEY=minio_server.access_key,
        OPAMP_PACKAGES_MINIO__SECRET_KEY=minio_server.secret_key,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"Storage:  the MinIO of config.yaml ({endpoint}" in ended.stdout


def test_auto_keeps_the_storage(checkout: Checkout, minio_server: S3) -> None:
    """Where packages are in the MinIO of the configuration, `--storage auto` takes no other once that is not named."""
    (checkout.folder / "data" / "dev" / "storage").write_text("configured\n")
    ended = checkout.run("start-dev.sh", "--port", str(processes.free_port()))
    assert ended.returncode == 1
    assert "are in the MinIO of config.yaml: mend the section minio" in ended.stderr
    assert checkout.processes() == []


def test_auto_without_any_minio(checkout: Checkout, tmp_path: Path, minio_server: S3) -> None:
    """Without any MinIO, and with a docker client but no daemon, `--storage auto` takes the folder, says so, keeps it.

    The last start has a MinIO in its cache, as ./test.sh leaves one, and another in its configuration.
    """
    forget_storage(checkout)
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    ended = checkout.run(
        "start-dev.sh",
        "--port",
        str(processes.free_port()),
        XDG_CACHE_HOME=str(tmp_path),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )
    assert ended.returncode == 0, ended.stderr
    assert "Storage:  the folder" in ended.stdout
    assert "--storage minio" in ended.stdout
    checkout.run("stop-dev.sh")
    named = {"ENDPOINT": minio_server.endpoint, "ACCESS_KEY": "any", "SECRET_KEY": "any-secret"}
    variables = {f"OPAMP_PACKAGES_MINIO__{key}": value for key, value in named.items()}
    again = checkout.run("start-dev.sh", "--port", str(processes.free_port()), **variables)
    assert "Storage:  the folder" in again.stdout, again.stderr
    assert "not in the MinIO of config.yaml" in again.stdout


def forget_storage(checkout: Checkout) -> None:
    """As before the first start."""
    (checkout.folder / "data" / "dev" / "storage").unlink(missing_ok=True)
