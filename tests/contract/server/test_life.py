"""The processes: how many there are, how they stop, what they leave."""

import errno
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.contract.server.client import head
from tests.contract.server.conftest import PROJECT, Server, stop


def test_processes_are_the_master_and_its_workers(own_server: Server, tmp_path: Path) -> None:
    """Exactly server.workers processes, no control socket in the home folder, no temporary folder left."""
    assert len(own_server.children()) == 1
    assert stop(own_server) == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["gunicorn.log"]


def test_requests_in_progress_finish_at_sigterm(own_server: Server) -> None:
    """A download, an upload and a stream that SIGTERM meets are finished; idle connections do not hold it up."""
    with own_server.connect_many(4) as (download, upload, stream, idle):
        assert idle.get("/").status == 200
        download.send(head("GET", "/file/blocks"))
        upload.send(head("PUT", "/raw", "Content-Length: 10"), b"hello")
        stream.send(head("GET", "/chunks"))
        time.sleep(0.3)
        own_server.master.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        upload.send(b"world")
        reply = upload.read()
        assert (reply.status, reply.json()["size"], reply.closes) == (200, 10, True)
        assert stream.read().body == b"first second"
        assert len(download.read().body) == own_server.file.stat().st_size
        assert own_server.master.wait(5) == 0


def test_request_on_a_kept_connection_is_still_answered(own_server: Server) -> None:
    """A client that sends just as the worker stops gets its answer, and is told that it was the last."""
    with own_server.connect() as client:
        assert not client.get("/").closes
        own_server.master.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert client.get("/").closes


def test_new_connections_are_refused_while_stopping(own_server: Server) -> None:
    """A stopping service takes no new work."""
    with own_server.connect() as stream:
        stream.send(head("GET", "/chunks"))
        time.sleep(0.3)
        own_server.master.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", own_server.port)) == errno.ECONNREFUSED
        assert stream.read().body == b"first second"


def test_killed_worker_is_replaced(own_server: Server) -> None:
    """After SIGKILL of its worker the service answers again."""
    with own_server.connect() as client:
        pid = client.get("/").json()["pid"]
    subprocess.run(["kill", "-KILL", str(pid)], check=True, timeout=10)
    with own_server.connect() as client:
        assert client.get("/").json()["pid"] != pid


def test_fault_in_the_configuration_stops_the_start() -> None:
    """One line that names the key, and no traceback."""
    environ = {"OPAMP_PACKAGES_SERVER__PORT": "http", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "gunicorn", "-c", str(PROJECT / "gunicorn.conf.py"), "wsgi:app"]
    ended = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert ended.stderr.startswith("opamp-packages: ")
    assert "server.port" in ended.stderr
    assert ended.stderr.count("\n") == 1
