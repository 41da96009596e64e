"""Connecting to PostgreSQL within a time limit: the addresses of all hosts one by one, the last good one first.

libpq's connect_timeout has whole seconds, two at least, and does not cover looking a name up. So each step blocks in
a helper thread and is given up when its time is over; libpq ends what was abandoned.
"""

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any

import psycopg2

from app.database.deadline import DatabaseTimeout

HOST_LIMIT = 0.5
"""Seconds for each step (a name, an address) where there are several hosts or addresses."""

FAIR_CHANCE = 0.1
"""Seconds below which an address is not tried after others."""

ABANDONED_AFTER = "2"
"""libpq's connect_timeout in seconds: when it ends an attempt that nobody waits for any more."""

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server may be; `number` is the IP address that the name `host` was resolved to."""

    host: str
    port: str
    number: str = ""

    def parameters(self) -> Parameters:
        """libpq's; the name stays beside its address, since certificates are checked against it."""
        named = {"host": self.host, "port": self.port, "hostaddr": self.number}
        return {key: value for key, value in named.items() if value}


class Dialer:
    """Remembers which address was good, and when others were not: a silent one does not come first again."""

    def __init__(self) -> None:
        self._good: Address | None = None
        self._failed_at: dict[Address, float] = {}

    def dial(self, parameters: Parameters, until: float | None) -> Any:
        """A connection of psycopg2's, before `until` on the monotonic clock if that is given.

        Raises psycopg2.OperationalError with what the server said, if one did; DatabaseTimeout where all are silent.
        """
        given = {key: value for key, value in parameters.items() if key not in {"host", "port"}}
        errors: list[psycopg2.OperationalError] = []
        places = _places(parameters)
        addresses = [each for place in places for each in _resolved(place, _limit(until, len(places)), errors)]
        # Of a copy: other threads note their failures meanwhile.
        self._failed_at = {each: at for each, at in self._failed_at.copy().items() if each in addresses}
        for address in sorted(addresses, key=self._rank):
            limit = _limit(until, len(addresses))
            if errors and limit is not None and limit < FAIR_CHANCE:
                break  # it is not this one's fault, and it comes first the next time
            try:
                driver = _connected({**given, **address.parameters()}, limit)
            except psycopg2.OperationalError as error:
                self._failed_at[address] = time.monotonic()
                errors.append(error)
            else:
                self._good = address
                return driver
        raise max(errors, key=_tells_more)

    def doubt(self) -> None:
        """Try the address that was good last behind the others: it has fallen silent."""
        good, self._good = self._good, None
        if good is not None:
            self._failed_at[good] = time.monotonic()

    @property
    def server(self) -> str:
        """The address that was good last, for the log."""
        good = self._good
        return f"{good.number or good.host}:{good.port}" if good else "no server yet"

    def _rank(self, address: Address) -> tuple[bool, float]:
        return address != self._good, self._failed_at.get(address, 0.0)


def _places(parameters: Parameters) -> list[Address]:
    """The hosts of a URL, as libpq pairs them with ports; those with `hostaddr` are left to libpq."""
    host, port = str(parameters.get("host", "")), str(parameters.get("port", ""))
    if "hostaddr" in parameters:
        return [Address(host, port)]
    hosts, ports = host.split(","), port.split(",")
    return [Address(*pair) for pair in zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=True)]


def _limit(until: float | None, choices: int) -> float | None:
    """Seconds for one of so many; None where there is no limit."""
    left = None if until is None else max(0.0, until - time.monotonic())
    if choices == 1:
        return left
    return HOST_LIMIT if left is None else min(HOST_LIMIT, left)


def _resolved(place: Address, limit: float | None, errors: list[psycopg2.OperationalError]) -> list[Address]:
    """The addresses of a host, none with a note in `errors` if its name does not resolve."""
    if not _is_name(place.host):
        return [place]
    try:
        found = _in_time(lambda: socket.getaddrinfo(place.host, None, type=socket.SOCK_STREAM), limit)
    except OSError as error:
        reason = f'could not translate host name "{place.host}" to address: {error.strerror}'
        errors.append(psycopg2.OperationalError(reason))
        return []
    except DatabaseTimeout as error:
        errors.append(error)
        return []
    numbers = dict.fromkeys(str(each[4][0]) for each in found)
    return [Address(place.host, place.port, number) for number in numbers]


def _is_name(host: str) -> bool:
    """Whether it is neither a socket's folder nor an address."""
    if not host or host.startswith(("/", "@")):
        return False
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return False
    return True


def _connected(parameters: Parameters, limit: float | None) -> Any:
    if limit is None:
        return psycopg2.connect(**parameters)
    try:
        return _in_time(lambda: psycopg2.connect(**{"connect_timeout": ABANDONED_AFTER, **parameters}), limit)
    except DatabaseTimeout as error:
        where = parameters.get("hostaddr") or parameters.get("host") or "this machine"
        raise DatabaseTimeout(f"connection to {where}, port {parameters.get('port', 5432)}: {error}") from None


def _in_time(work: Callable[[], Any], limit: float | None) -> Any:
    """What `work` gives, in a thread of its own, if it comes within `limit` seconds. Raises DatabaseTimeout."""
    if limit is None:
        return work()
    done: Future[Any] = Future()
    threading.Thread(target=_settle, args=(done, work), name="database dialer", daemon=True).start()
    try:
        return done.result(limit)
    except NotYet:
        done.add_done_callback(_close)
        raise DatabaseTimeout(f"no answer within {limit:.1f} s") from None


def _settle(done: "Future[Any]", work: Callable[[], Any]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where it is waited for
        done.set_exception(error)


def _close(done: "Future[Any]") -> None:
    """Close a connection that came too late."""
    if done.exception() is None and hasattr(done.result(), "close"):
        done.result().close()


def _tells_more(error: psycopg2.OperationalError) -> int:
    """A server's refusal before a name that does not resolve before a refused connection before silence."""
    said = str(error)
    if isinstance(error, DatabaseTimeout):
        return 0
    return 3 if "FATAL" in said or "read-only" in said else 2 if "translate" in said else 1
