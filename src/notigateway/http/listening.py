"""The second address at which a gateway listens, for those who operate it: opened once, by the master.

Workers have it by being forked, and the next master by inheriting the descriptor. It is never bound twice:
an instance that finds its address taken must say so, not share it with a stranger.
"""

from __future__ import annotations

import os
import socket
from typing import Final

from notigateway.addresses import host_and_port
from notigateway.errors import ConfigurationError

# Whoever operates a gateway asks a few times a minute.
_BACKLOG: Final = 64


def listen(address: str) -> socket.socket:
    """Listen at an address of the settings. Raises: `ConfigurationError` where that cannot be."""
    host, port = host_and_port(address)
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise ConfigurationError(f"operations_address: cannot use {address}: {error.strerror}") from error
    try:
        # What an earlier instance left in TIME_WAIT does not count; one that listens still does.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"operations_address: cannot listen at {address}: {error.strerror}"
        ) from error
    listener.setblocking(False)  # noqa: FBT003  (it has no name)
    return listener


def inherit(descriptor: str) -> socket.socket | None:
    """Return the listener that the master before left open; None where that is no listening socket."""
    try:
        listener = socket.socket(fileno=int(descriptor))
    except (OSError, ValueError):
        return None
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.close()
        return None
    listener.setblocking(False)  # noqa: FBT003
    os.set_inheritable(listener.fileno(), False)  # noqa: FBT003
    return listener
