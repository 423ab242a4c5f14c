"""Encodes by hand what asn1crypto would take milliseconds for: it writes all anew that it has read."""

from __future__ import annotations

from typing import Final

OCTETS: Final = 0x04
SEQUENCE: Final = 0x30
SET: Final = 0x31
TAGGED_0: Final = 0xA0
TAGGED_1: Final = 0xA1
TAGGED_2: Final = 0xA2
TAGGED_4: Final = 0xA4
V1: Final = b"\x02\x01\x01"
V3: Final = b"\x02\x01\x03"
_LONG_FORM: Final = 0x80


def der(tag: int, *parts: bytes) -> bytes:
    """Wrap encoded parts (X.690 §10.1: the length in its shortest form)."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _LONG_FORM | len(length))) + length + content
