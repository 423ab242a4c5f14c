"""The listener at `operations_address`, as the master holds it from its start to its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from notigateway.http.listening import inherit, listen

if TYPE_CHECKING:
    import socket
    from collections.abc import MutableMapping

# Descriptor and address, for the next master, as GUNICORN_FD names those of the public addresses.
VARIABLE: Final = "NOTIGATEWAY_OPERATIONS_FD"


class OperationsListener:
    """Opens the second address, keeps it over reloads, and hands it on."""

    def __init__(self) -> None:
        self.listener: socket.socket | None = None
        self._address = ""

    def receive(self) -> None:
        """Take over what the master before handed on, if one did."""
        descriptor, _, address = os.environ.pop(VARIABLE, "").partition(" ")
        if address:
            self.listener = inherit(descriptor)
            self._address = address if self.listener is not None else ""

    def take(self, address: str) -> None:
        """Listen at that address and no other; "" is none. Where nothing changes nothing is done.

        Workers that have the former listener answer there until they end.

        Raises: `ConfigurationError` where that cannot be; then everything is as it was.
        """
        if address == self._address:
            return
        listener = listen(address) if address else None
        if self.listener is not None:
            self.listener.close()
        self.listener, self._address = listener, address

    def hand_on(self, environ: MutableMapping[str, str]) -> None:
        """Leave the listener open for the program that this process becomes, and say so to it."""
        environ.pop(VARIABLE, None)
        if self.listener is not None:
            os.set_inheritable(self.listener.fileno(), True)  # noqa: FBT003  (it has no name)
            environ[VARIABLE] = f"{self.listener.fileno()} {self._address}"
