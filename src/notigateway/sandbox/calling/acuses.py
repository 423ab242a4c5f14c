"""Signed receipts of the Social Security's contract that are wrong on purpose, each kind with its code."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.evidence.acuse import ROOT, sign_acuse
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.law.lifecycle import Decision
    from notigateway.pki.keys import KeyPair

    Spoiling = Callable[[bytes], bytes]

_SIGNATURE: Final = re.compile(rb"<ds:Signature .*?</ds:Signature>", re.DOTALL)
_END: Final = f"</{ROOT}>".encode()


@dataclass(frozen=True, slots=True)
class WrongAcuse:
    """A kind of wrong receipt: by which code it is refused, and what is wrong with it."""

    code: str
    title: str
    spoil: Spoiling


def signed(acuse: bytes, pair: KeyPair, expected: tuple[int, Decision]) -> bytes:
    """Return a receipt with the signature of a party. Raises: `AcuseInvalidError`."""
    return sign_acuse(acuse, signer=Signer(pair.key, pair.certificate), expected=expected)


def _last(data: bytes) -> bytes:
    *_, last = _SIGNATURE.finditer(data)
    return last[0]


def _unsigned(data: bytes) -> bytes:
    return data.replace(_last(data), b"", 1)


def _twice(data: bytes) -> bytes:
    return data.replace(_END, _last(data) + _END, 1)


def _altered(data: bytes) -> bytes:
    return data.replace(b"<ASUNTO>", b"<ASUNTO>Otro ", 1)


def _without_ours(data: bytes) -> bytes:
    return _SIGNATURE.sub(b"", data, count=1)


def _of_old_algorithm(data: bytes) -> bytes:
    head, mark, rest = data.rpartition(b"-sha256")
    return head + mark.replace(b"256", b"1") + rest


def _wrong_value(data: bytes) -> bytes:
    head, _, rest = data.rpartition(b"<ds:SignatureValue>")
    value, _, tail = rest.partition(b"<")
    nothing = base64.b64encode(bytes(len(base64.b64decode(value)) - 1) + b"\1")
    return head + b"<ds:SignatureValue>" + nothing + b"<" + tail


def _as_it_is(data: bytes) -> bytes:
    return data


WRONG_ACUSES: Final[dict[str, WrongAcuse]] = {
    "encoding": WrongAcuse("ACUSE_ENCODING", "cut off", lambda data: data[:-10]),
    "count": WrongAcuse("ACUSE_SIGNATURE_COUNT", "signed twice", _twice),
    "ours-missing": WrongAcuse("ACUSE_OURS_MISSING", "without our signature", _without_ours),
    "altered": WrongAcuse("ACUSE_ALTERED", "with another subject", _altered),
    "unsigned": WrongAcuse("ACUSE_UNSIGNED", "not signed", _unsigned),
    "algorithm": WrongAcuse("ACUSE_ALGORITHM", "signed with SHA-1", _of_old_algorithm),
    "signature": WrongAcuse("ACUSE_SIGNATURE_WRONG", "with a signature value of nobody's", _wrong_value),
    # signed by the certificate of somebody else than the message
    "another": WrongAcuse("ACUSE_OTHER_SIGNER", "signed by another certificate", _as_it_is),
    "structure": WrongAcuse(
        "ACUSE_INVALID", "with an element more", lambda data: data.replace(_END, b"<x/>" + _END, 1)
    ),
}
