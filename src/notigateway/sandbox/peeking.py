"""What a request seems to be, before anything of it is proven: for the journal and for faults only.

Read by patterns, since what is looked at may be no XML, and is refused by the gateway itself if it is not.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from datetime import datetime

_LOOKED_AT_BYTES: Final = 64 * 1024
_OPERATION: Final = re.compile(rb"<(?:[\w.-]+:)?Body(?:\s[^<>]*)?>\s*<(?:[\w.-]+:)?([A-Za-z][\w.-]{0,99})")
_TOKEN: Final = re.compile(rb"<(?:[\w.-]+:)?BinarySecurityToken(?:\s[^<>]*)?>([A-Za-z0-9+/=\s]{1,20000})<")
_CREATED: Final = re.compile(rb"<(?:[\w.-]+:)?Created(?:\s[^<>]*)?>\s*([0-9TZ:.+-]{1,40})\s*<")


@dataclass(frozen=True, slots=True)
class Seeming:
    """The operation, the SHA-256 of the certificate and the Timestamp that it carries, where it does."""

    operation: str | None = None
    certificate: str | None = None
    created: datetime | None = None


def peek(body: bytes) -> Seeming:
    """Return what an envelope seems to be."""
    head = body[:_LOOKED_AT_BYTES]
    operation, token, created = (pattern.search(head) for pattern in (_OPERATION, _TOKEN, _CREATED))
    return Seeming(
        operation[1].decode() if operation else None,
        _digest(token[1]) if token else None,
        _instant(created[1].decode()) if created else None,
    )


def _digest(text: bytes) -> str | None:
    try:
        return hashlib.sha256(base64.b64decode(b"".join(text.split()), validate=True)).hexdigest()
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        return None
