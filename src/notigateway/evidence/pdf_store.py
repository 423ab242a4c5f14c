"""Reads the document security store of a PDF: what its seal is validated by (ETSI EN 319 142-1 §5.4.2).

The values stand in streams of anybody's making; nothing of them is proven here.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject
from pyhanko.pdf_utils.misc import PdfError

from notigateway.evidence.embedded import VALUES_AT_MOST
from notigateway.evidence.validation_data import ValidationData

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNREADABLE: Final = (PdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
# A compressed list of revoked certificates may be larger than what is appended; not without end.
_VALUES_MAX_BYTES: Final = 8 * 1024 * 1024


def read_store(root: Any) -> ValidationData:  # noqa: ANN401  (an object of a PDF)
    """Return what the store of a catalog holds; empty where there is none, or where it cannot be read."""
    left = [_VALUES_MAX_BYTES]
    try:
        store = _at(root, "/DSS")
        if not isinstance(store, DictionaryObject):
            return ValidationData(())
        found = [tuple(_streams(_at(store, name), left)) for name in ("/Certs", "/CRLs", "/OCSPs")]
    except _UNREADABLE:
        return ValidationData(())
    return ValidationData(*found)


def _at(found: Any, name: str) -> Any:  # noqa: ANN401
    """Return what stands under a name, wherever it is; `get` of pyHanko returns where."""
    return found[name] if name in found else None  # noqa: SIM401


def _streams(found: Any, left: list[int]) -> Iterator[bytes]:  # noqa: ANN401
    if not isinstance(found, ArrayObject):
        return
    for number in range(min(len(found), VALUES_AT_MOST)):
        one: Any = found[number]
        content = content_of(one, left[0]) if isinstance(one, StreamObject) else None
        if content is not None:
            left[0] -= len(content)
            yield content


def content_of(stream: StreamObject, most: int) -> bytes | None:
    """Return what is in a stream, plain or compressed in the usual way; None where it is not, or larger."""
    data, method = stream.encoded_data, _at(stream, "/Filter")
    if isinstance(method, ArrayObject) and len(method) == 1:
        method = method[0]
    if method is None:
        return data if len(data) <= most else None
    if method != "/FlateDecode" or "/DecodeParms" in stream or most <= 0:
        return None
    try:
        inflating = zlib.decompressobj()
        content = inflating.decompress(data, most)
    except zlib.error:
        return None
    return content if inflating.eof else None
