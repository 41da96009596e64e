"""Log output never waits: what standard error does not take is kept for a while, and counted beyond that."""

import json
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.telemetry import standard_error
from app.telemetry.standard_error import MAX_BACKLOG, Output

LINE = b"x" * 999 + b"\n"


class Stderr:
    """A standard error with this descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def fileno(self) -> int:
        return self.descriptor


def dropped(count: int) -> str:
    return json.dumps({"dropped": count})


def everything(descriptor: int, quiet: float = 0.5) -> bytes:
    """What comes until nothing has come for so long."""
    content = b""
    while select.select([descriptor], [], [], quiet)[0]:
        content += os.read(descriptor, 1 << 20)
    return content


@pytest.fixture(params=["pipe", "socket"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of a standard error that nobody reads."""
    if request.param == "pipe":
        source, target = os.pipe()
    else:
        source, target = (end.detach() for end in socket.socketpair())
    # Not sys itself: pytest's capture puts its own there before the test begins.
    monkeypatch.setattr(standard_error, "sys", SimpleNamespace(stderr=Stderr(target)))
    yield source
    os.close(source)
    os.close(target)


def test_lines_come_at_once(reader: int) -> None:
    """While there is room they are written by who logs them."""
    Output(dropped).write(LINE)
    assert os.read(reader, 4096) == LINE


def test_a_blocked_output_blocks_nobody(reader: int) -> None:
    """Lines beyond the backlog are dropped; when it flows again all others come whole, in order, and the count."""
    output, count = Output(dropped), 3000
    begun = time.monotonic()
    for number in range(count):
        output.write(b"%06d" % number + LINE[6:])
    assert time.monotonic() - begun < 2
    assert output.dropped > 0
    lines = everything(reader).splitlines(keepends=True)
    told = [json.loads(line)["dropped"] for line in lines if line.startswith(b"{")]
    numbers = [int(line[:6]) for line in lines if not line.startswith(b"{")]
    assert {len(line) for line in lines if not line.startswith(b"{")} == {len(LINE)}
    assert numbers == list(range(len(numbers)))
    assert sum(told) == count - len(numbers)
    assert len(numbers) * len(LINE) >= MAX_BACKLOG
    assert output.dropped == 0


def test_lines_after_a_blockage(reader: int) -> None:
    """They come as before, without a thread."""
    output = Output(dropped)
    for _ in range(500):
        output.write(LINE)
    everything(reader)
    output.write(b"after\n")
    assert everything(reader, 0.1) == b"after\n"
    assert not [thread for thread in threading.enumerate() if thread.name == "log backlog"]


def test_a_reader_that_goes(reader: int) -> None:
    """What was kept for it is given up, and nobody waits."""
    output = Output(dropped)
    for _ in range(500):
        output.write(LINE)
    os.dup2(os.open(os.devnull, os.O_RDONLY), reader)
    deadline = time.monotonic() + 5
    while any(thread.name == "log backlog" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are appended as they come."""
    with (tmp_path / "log").open("ab") as file:
        monkeypatch.setattr(standard_error, "sys", SimpleNamespace(stderr=file))
        output = Output(dropped)
        output.write(b"one\n")
        output.write(b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("reader", ["pipe"], indirect=True)
def test_another_file_in_its_place_is_seen(reader: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Within LOOK."""
    monkeypatch.setattr(standard_error, "LOOK", 0.0)
    output = Output(dropped)
    output.write(LINE)
    with (tmp_path / "log").open("wb") as file:
        monkeypatch.setattr(standard_error.sys, "stderr", Stderr(file.fileno()))
        output.write(LINE)
    assert (tmp_path / "log").read_bytes() == LINE
    assert os.read(reader, 4096) == LINE
