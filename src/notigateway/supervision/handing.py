"""Hands what a child has read to its master: as bytes, since what lies in files may hang whoever reads it."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from notigateway.pki.device import PinMemory

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from notigateway.provision import Provision

_LENGTH_BYTES: Final = 8


class _Handing(pickle.Pickler):
    """Knows how keys and certificates are written, and that what processes share is made by their master."""

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401  (pickle's interface)
        if isinstance(obj, x509.Certificate):
            return _certificate, (obj.public_bytes(Encoding.DER),)
        if isinstance(obj, RSAPrivateKey | EllipticCurvePrivateKey):
            data = obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _private_key, (data,)
        if isinstance(obj, PinMemory):
            return PinMemory, ()
        return NotImplemented


def _certificate(data: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(data)


def _private_key(data: bytes) -> PrivateKeyTypes:
    return load_der_private_key(data, None)


def packed(provision: Provision) -> bytes:
    """Return what was read as bytes, with their number before them."""
    target = io.BytesIO()
    _Handing(target).dump(provision)
    data = target.getvalue()
    return len(data).to_bytes(_LENGTH_BYTES) + data


def unpacked(said: bytes) -> tuple[Provision | None, bytes]:
    """Return what a child has read, if it came as far, and what it said after that.

    The child writes the first of it while it is still of the master's account, so nobody else has written it.
    """
    length = int.from_bytes(said[:_LENGTH_BYTES])
    end = _LENGTH_BYTES + length
    if not length or len(said) < end:
        return None, said[_LENGTH_BYTES:]
    provision: Provision = pickle.loads(said[_LENGTH_BYTES:end])  # noqa: S301  (our own child's)
    return provision, said[end:]


# Said by a child that could not read.
NOTHING: Final = bytes(_LENGTH_BYTES)
