"""Congestion control of connections within the machine: Reno, since BBR paces the loopback too."""

import socket

RENO = b"reno"
"""The congestion control that every Linux has and lets everybody choose."""


def send_at_once(sock: socket.socket) -> None:
    """Let the kernel not pace what it sends on `sock`, if its other end is on this machine.

    Where BBR is the system's congestion control, as is wise towards agents on bad networks, a timer is set for nearly
    each segment. On the loopback it finds nothing out, and took more than half of the CPU of a download.
    """
    try:
        host = str(sock.getpeername()[0])
        if host.startswith(("127.", "::ffff:127.")) or host == "::1":
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, RENO)
    except (OSError, IndexError):
        return  # a connection that has ended, or is none of TCP's: nothing to be faster for
