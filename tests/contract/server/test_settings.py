"""gunicorn's settings that are not honoured stop the start, wherever they come from; open files are raised to fit."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.server.client import Client, listening
from tests.contract.server.conftest import PROJECT, start, stop


def begun(folder: Path, *arguments: str, config: str = "gunicorn.conf.py", **environ: str) -> tuple[int, list[str]]:
    """Exit status of a start that does not come far, and the lines that it ends with, without those of the log."""
    listener = listening()
    keys = {
        "OPAMP_PACKAGES_CONFIG": str(PROJECT / "tests" / "empty.yaml"),
        "OPAMP_PACKAGES_JWT__SECRET_KEY": "for-tests-only-0123456789abcdefghij",
        "OPAMP_PACKAGES_STORAGE__BACKEND": "filesystem",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        **environ,
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        config,
        "-b",
        f"fd://{listener.fileno()}",
        *arguments,
        "wsgi:app",
    ]
    with listener:
        ended = subprocess.run(
            command, cwd=PROJECT, env=keys, capture_output=True, text=True, check=False, timeout=60,
            pass_fds=[listener.fileno()],
        )  # fmt: skip
    return ended.returncode, [line for line in ended.stderr.splitlines() if not line.startswith("{")]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--certfile", "a.pem", "--keyfile", "b.pem"], "certfile"),
        (["--max-requests", "1000"], "max_requests"),
        (["--access-logfile", "-"], "accesslog"),
        (["--proxy-protocol=auto"], "proxy_protocol"),
        (["--forwarded-allow-ips", "*"], "forwarded_allow_ips"),
        (["--strip-header-spaces"], "strip_header_spaces"),
    ],
)
def test_argument_that_is_not_honoured_stops_the_start(tmp_path: Path, arguments: list[str], name: str) -> None:
    """One line names it and says why."""
    status, lines = begun(tmp_path, *arguments)
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith("opamp-packages: ")
    assert name in lines[0]


def test_environment_is_looked_at(tmp_path: Path) -> None:
    """GUNICORN_CMD_ARGS is one of the places."""
    status, lines = begun(tmp_path, GUNICORN_CMD_ARGS="--max-requests-jitter 5")
    assert status != 0
    assert "max_requests_jitter" in lines[0]


def test_file_is_looked_at(tmp_path: Path) -> None:
    """So is a file that builds on ours."""
    config = tmp_path / "own.py"
    ours = str(PROJECT / "gunicorn.conf.py")
    config.write_text(
        f"__file__ = {ours!r}\nexec(open(__file__).read())\ndef pre_request(worker, request):\n    pass\n"
    )
    status, lines = begun(tmp_path, config=str(config))
    assert status != 0
    assert "pre_request" in lines[0]


def test_open_files_fit_the_connections(tmp_path: Path, served_file: Path) -> None:
    """The soft limit is raised; where the hard one is lower, as many connections as fit, and the start warns."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        server = start(tmp_path, served_file)
        limits = Path(f"/proc/{server.children()[0]}/limits").read_text()
        assert stop(server) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    opened = next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(opened) >= min(hard, 8000)
    assert "limit on open files" not in server.log.read_text()


def test_hard_limit_is_lower(tmp_path: Path, served_file: Path) -> None:
    """As many connections as fit are used, and the start warns."""
    log = tmp_path / "log"
    listener = listening()
    script = 'ulimit -n 700 && exec "$@"'
    command = ["bash", "-c", script, "-", sys.executable, "-m", "gunicorn", "-c", "tests/contract/server/settings.py"]
    command += ["-b", f"fd://{listener.fileno()}", "-k", "tests.contract.server.quick_worker.QuickWorker"]
    command += ["tests.contract.server.small_app:app"]
    environ = {
        **os.environ,
        "TEST_FILE": str(served_file),
        "OPAMP_PACKAGES_CONFIG": str(PROJECT / "tests" / "empty.yaml"),
        "OPAMP_PACKAGES_JWT__SECRET_KEY": "for-tests-only-0123456789abcdefghij",
        "OPAMP_PACKAGES_STORAGE__BACKEND": "filesystem",
        "OPAMP_PACKAGES_SERVER__WORKERS": "1",
        "HOME": str(tmp_path),
    }
    with log.open("wb") as output, listener:
        master = subprocess.Popen(command, cwd=PROJECT, env=environ, stderr=output, pass_fds=[listener.fileno()])
        try:
            clients = [Client(listener.getsockname()[1]) for _ in range(150)]
            assert clients[-1].get("/").status == 200
        finally:
            master.terminate()
            assert master.wait(20) == 0
    assert "limit on open files" in log.read_text()
    for client in clients:
        client.socket.close()
