"""How clients write octets as text where base64 is wanted: digests, signature values, certificates.

Each row reads one wrong way of writing. A reading alone says nothing: only what then has the digest, or
verifies, tells that the text was meant so.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from notigateway.explaining.cause import Known
from notigateway.wss.header import decode_base64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEX: Final = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2}[ :\-\n]?)+)")
_NO_HEX: Final = re.compile(r"0x|[ :\-\n]")
_WRITTEN_BREAKS: Final = re.compile(r"\\r|\\n|%0[AaDd]|&#(?:10|13|x[AaDd]);|_x000D_")
_MOST_CHARS: Final = 256 * 1024


def _strict(text: str) -> bytes:
    return decode_base64(text, max_bytes=_MOST_CHARS)


def _loose(text: str) -> bytes:
    """Return what base64 of any spelling says: padding missing or too much, stray bits."""
    packed = "".join(text.split()).rstrip("=").encode("ascii")
    return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)


def _hex(text: str) -> bytes:
    if _HEX.fullmatch(text.strip()) is None:
        raise ValueError("not hexadecimal")
    return bytes.fromhex(_NO_HEX.sub("", text.strip()))


def _url(text: str) -> bytes:
    if not {"-", "_"} & set(text):
        raise ValueError("nothing of the other alphabet")
    return _loose(text.translate(str.maketrans("-_", "+/")))


def _form(text: str) -> bytes:
    """Undo what a form does to a text: `+` becomes a space, and everything else is percent-encoded."""
    if "%" in text:
        return _strict(unquote(text))
    if " " not in text.strip():
        raise ValueError("nothing that a form writes")
    return _strict(text.strip().replace(" ", "+"))


def _written_breaks(text: str) -> bytes:
    if _WRITTEN_BREAKS.search(text) is None:
        raise ValueError("no line ends as text")
    return _strict(_WRITTEN_BREAKS.sub("", text))


def _quoted(text: str) -> bytes:
    inner = text.strip()
    if inner[:1] not in {'"', "'", "["} and not inner.startswith("b'"):
        raise ValueError("no quotes")
    return _strict(inner.removeprefix("b").strip("[]\"'"))


ENCODINGS: Final[tuple[Known[Callable[[str], bytes]], ...]] = (
    Known("written-in-hex", "written in hexadecimal", "write base64", _hex),
    Known("hex-in-base64", "its hexadecimal text was written in base64", "encode the octets, not their text",
          lambda text: _hex(_strict(text).decode("ascii"))),
    Known("base64-twice", "written in base64 twice", "encode once",
          lambda text: _strict(_strict(text).decode("ascii"))),
    Known("base64url", "written in the alphabet of base64url (- and _)", "use the plain alphabet, + and /",
          _url),
    Known("base64-padding", "base64 with other padding than RFC 4648 has",
          "pad with = to a multiple of four", _loose),
    Known("base64-breaks-as-text", "base64 with line ends written as text", "leave the line ends out",
          _written_breaks),
    Known("base64-through-a-form", "base64 that went through a form's encoding",
          "leave the encoding to the library", _form),
    Known("base64-in-quotes", "base64 with quotes around it", "write the text alone", _quoted),
    Known("octets-reversed", "the octets stand in reverse order (CryptoAPI)", "reverse them",
          lambda text: _strict(text)[::-1]),
)  # fmt: skip


def decodings(text: str) -> Iterator[tuple[Known[Callable[[str], bytes]] | None, bytes]]:
    """Yield what a text may say, with the way of writing that says so; None is base64, as it should be."""
    if len(text) > _MOST_CHARS:
        return
    seen: set[bytes] = set()
    try:
        right = _strict(text)
    except ValueError:
        pass
    else:
        seen.add(right)
        yield None, right
    for known in ENCODINGS:
        try:
            octets = known.how(text)
        except (ValueError, binascii.Error):
            continue
        if octets and octets not in seen:
            seen.add(octets)
            yield known, octets
