"""RLIMIT_NOFILE: the open files that so many connections need, as far as the system allows."""

import resource

OTHERS = 512
"""Descriptors of a worker that are no connection's: libraries, logs, PostgreSQL, pipes of splice."""
EACH = 2
"""Of a connection: its socket, and what its download is read from."""


def needed(connections: int) -> int:
    """Open files of a worker with so many connections."""
    return EACH * connections + OTHERS


def raise_limit(connections: int) -> int:
    """Let this process and its children open as many files as `connections` need; how many connections fit."""
    wanted = needed(connections)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(connections, max((wanted - OTHERS) // EACH, 1))
