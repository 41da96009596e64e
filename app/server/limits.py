"""Timeouts and sizes of a worker: how long it waits for a client, and how much it holds for one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All times in seconds, sizes in bytes. docs/ARCHITECTURE.md, 'Connections', says which of them ends what."""

    head_timeout: float = 20.0
    """For a request's head, from its first byte on; for the first byte of a new connection too."""
    keepalive: float = 75.0
    """For the next request. Longer than proxies keep theirs, so that none sends one into a connection that closes."""
    body_timeout: float = 15.0
    """For a small body, from the end of its head on."""
    upload_timeout: float = 3600.0
    """The same of a small package (packages.upload_timeout), which may be silent for stall_timeout."""
    stall_timeout: float = 60.0
    """For a client that sends or takes no byte of a long body or an answer."""
    linger: float = 2.0
    """For discarding what comes after a last answer; for the next request, once the worker stops."""
    tick: float = 0.25
    """Between two looks for waits that are over."""

    gathered: int = 64 << 20
    """Of all small bodies of a worker, until their requests are answered."""

    body_threads: int = 32
    """For requests that wait for a long body (server.body_threads)."""
    login_threads: int = 2
    """For logins, each of which hashes a password for some 50 ms of a core."""
    login_queue: int = 64
    """Logins that wait for one of these."""
    login_wait: float = 5.0
    """For one of these threads: a login that gets it later is refused, so that those behind it have an answer soon."""

    keepalive_spin: float = 0.002
    """A thread that has nothing else to do waits so long for the connection's next request; 0 leaves it to epoll.

    Measured: one kept connection has 3,800 requests/s instead of 2,330, at 0.9 of the CPU; with 16 it costs nothing.
    """
