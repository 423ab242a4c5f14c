"""The one form of a seal's ECDSA signature: of the two that verify, the one with the low s.

Where (r, s) is a signature, (r, n - s) is one of the same bytes by the same key, and anybody can compute it
(SEC 1, version 2, §4.1.4 checks no more). So a seal that is to be bound byte by byte has one of them: s is at
most half of n, the order of P-256. Signatures of others lawfully have either form.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

# FIPS 186-4 appendix D.1.2.3.
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF: Final = P256_ORDER // 2
_P256_BYTES: Final = 32


def low_form(signature: bytes) -> bytes:
    """Return a signature of a P-256 key, in DER, in its low form. Raises: `ValueError`."""
    r, s = decode_dss_signature(signature)
    return signature if s <= _HALF else encode_dss_signature(r, P256_ORDER - s)


def is_low(signature: bytes) -> bool:
    """Tell whether a signature of a P-256 key, in DER, is in its low form. Raises: `ValueError`."""
    return decode_dss_signature(signature)[1] <= _HALF


def side_by_side(signature: bytes) -> bytes:
    """Return a signature of a P-256 key as XML-DSig writes it: the two numbers side by side (1.1 §6.4.3)."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)


def in_der(value: bytes) -> bytes:
    """Return such a value as DER. Raises: `ValueError`."""
    if len(value) != 2 * _P256_BYTES:
        raise ValueError("not two numbers of P-256")
    return encode_dss_signature(int.from_bytes(value[:_P256_BYTES]), int.from_bytes(value[_P256_BYTES:]))
