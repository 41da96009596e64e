"""Programs: those that run to their end, and those that are waited for when they start and ended by pid."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, AnyStr

from dev.parts import interrupts

HOST = "127.0.0.1"

Command = Sequence[str | Path]

LIMIT = 900.0
"""Seconds within which what is run to its end has ended; an installation over a bad line may take longer."""

GONE = 60.0
"""Seconds for which a process that SIGKILL was sent to is waited for: it is gone at once, if the system is well."""


class Failed(Exception):
    """Something could not be set up; the text tells what, and what to do."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on `port` of `host` now."""
    return listen_error(port, host) is None


def free_port_near(port: int, host: str = HOST) -> int:
    """The next port of `host` after `port` that is free now; below 1024 only root could have it."""
    first = port + 1 if port >= 1024 else port + 8000
    near = range(first, min(first + 200, 65536))
    return next((each for each in near if is_free(each, host)), 0) or free_port()


def listen_error(port: int, host: str = HOST) -> OSError | None:
    """Why a server could not listen on `port` of `host` now; None if it could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error
    return None


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Poll `ready` until it is true; TimeoutError names `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready after {seconds:.0f} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether an HTTP GET of `url` is answered below 500."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def launch(
    command: Command, *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own with its output in `log`; a Ctrl-C here does not reach it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], sign: int = signal.SIGTERM, seconds: float = 20) -> None:
    """End `process`, with SIGKILL after `seconds`."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(sign)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(GONE)


@contextlib.contextmanager
def ended_at_last(process: "subprocess.Popen[AnyStr]") -> "Iterator[subprocess.Popen[AnyStr]]":
    """Kill `process` at the end of the block if it still runs: Popen's own exit would wait for it for ever."""
    try:
        yield process
    finally:
        process.kill()
        process.wait(GONE)
        _close_pipes(process)


@contextlib.contextmanager
def running(command: Command, *, log: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in its own session with its output in `log`, and stop it at the end."""
    process = launch(command, log=log, env=env)
    try:
        yield process
    finally:
        stop(process)


def complete(
    command: Command,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
    seconds: float = LIMIT,
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end, `given` on its standard input, and hand back its code and its whole output.

    An interrupt, or `seconds` passing (subprocess.TimeoutExpired), ends it with all that it started.
    """
    stdin = subprocess.PIPE if given is not None else subprocess.DEVNULL
    with _running(command, stdin=stdin, env={**os.environ, **(env or {})}, cwd=cwd) as process:
        output, _ = process.communicate(given, timeout=seconds)
    return subprocess.CompletedProcess(command, process.returncode, output, None)


@contextlib.contextmanager
def _running(command: Command, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own; whatever is raised within the block ends it with all that it started."""
    process: subprocess.Popen[str] | None = None
    try:
        # An interrupt that is held back comes at the shield's end: that is within the try.
        with interrupts.shielded():
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                **options,
            )
        yield process
    except BaseException:
        if process is not None:
            end_group(process)
        raise
    finally:
        if process is not None:
            _close_pipes(process)


def _close_pipes(process: "subprocess.Popen[AnyStr]") -> None:
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        pipe.close()


def end_group(process: subprocess.Popen[str]) -> None:
    """Kill a process that leads its own session, and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(GONE)


def follow(
    command: Command,
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    seconds: float = 4 * LIMIT,
) -> None:
    """Run `command` to its end, telling `on_line` each line of its output. Raises Failed with the last ones.

    After `seconds` it is killed with all that it started, and has failed.
    """
    lines: deque[str] = deque(maxlen=15)
    with _running(command, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}) as process:
        limit = threading.Timer(seconds, end_group, [process])
        limit.start()
        try:
            for line in process.stdout or ():
                lines.append(f"  {line.rstrip()}")
                on_line(line.rstrip())
        finally:
            limit.cancel()
        process.wait(GONE)
    if process.returncode != 0:
        raise Failed(f"{command[0]} failed (exit code {process.returncode}):\n" + "\n".join(lines))


def check(command: Command, what: str, **options: object) -> str:
    """The output of `command`. Raises Failed, which names `what` and shows the last lines, if it fails."""
    try:
        ended = complete(command, **options)  # type: ignore[arg-type]  # passed on as they are
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{what} had not ended after {error.timeout:.0f} s") from error
    if ended.returncode != 0:
        last_lines = "\n".join(f"  {line}" for line in ended.stdout.strip().splitlines()[-15:])
        raise Failed(f"{what} failed (exit code {ended.returncode}):\n{last_lines}")
    return ended.stdout
