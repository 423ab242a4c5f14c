"""What time another clock tells: asked by SNTP (RFC 4330), the protocol that time servers answer.

Four instants in 48 bytes: enough to know whether this machine's clock is right to the second, and a server
for it stands in most networks. The answer is not proven; it decides nothing.
"""

from __future__ import annotations

import socket
import struct
from datetime import UTC, datetime, timedelta
from typing import Final

from notigateway.addresses import host_and_port

_PORT: Final = 123
_BYTES: Final = 48
# Version 4, client: RFC 4330 §4
_QUESTION: Final = b"\x23" + bytes(47)
_SERVER: Final = 4
# A leap indicator of 3 is an alarm, strata above 15 are reserved, 0 is a refusal: §4, §5, §8
_NOT_SYNCHRONISED: Final = 3
_STRATA: Final = range(1, 16)
# The era ends in 2036, and the next one begins with the first bit 0: §3
_ERAS: Final = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC))
_FIRST_BIT: Final = 1 << 31


class NoTimeError(ValueError):
    """A server answered and told no time; the text says why, in a few words."""


def ask_time(source: str, *, seconds: float) -> datetime:
    """Return what a time server says, HOST or HOST:PORT.

    Raises: `OSError` where nobody answers in time, `ValueError` for a source or an answer that is none.
    """
    host, port = host_and_port(source if ":" in source else f"{source}:{_PORT}")
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as asking:
        asking.settimeout(seconds)
        asking.connect(place)
        asking.send(_QUESTION)
        return read_time(asking.recv(512))


def read_time(answer: bytes) -> datetime:
    """Return the instant at which a server answered; what a client must discard (§5) is none.

    Raises: `NoTimeError`.
    """
    if len(answer) < _BYTES or answer[0] & 7 != _SERVER:
        raise NoTimeError("the answer is no time")
    if answer[0] >> 6 == _NOT_SYNCHRONISED or answer[1] not in _STRATA:
        raise NoTimeError("its own clock is not set")
    whole, fraction = struct.unpack("!II", answer[40:48])
    if not whole and not fraction:
        raise NoTimeError("the answer is no time")
    era = _ERAS[0] if whole & _FIRST_BIT else _ERAS[1]
    return era + timedelta(seconds=whole + fraction / 2**32)
