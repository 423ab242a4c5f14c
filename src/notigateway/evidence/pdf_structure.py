"""What a PDF says whose seal is proven: read by pyHanko, and only what is under the seal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.pdf_utils.reader import PdfFileReader

from notigateway.errors import RenditionInvalidError

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.evidence.pdf_seal import PdfSeal

_NO_CHANGES: Final = 1
_PLACE: Final = re.compile(rb"(\d{10}) \d{5} n")
_START: Final = re.compile(rb"startxref\n(\d+)\n%%EOF\n?\Z")


@dataclass(frozen=True, slots=True)
class Structure:
    """The receipt that is attached, and when the PDF says that it was sealed."""

    receipt: bytes
    sealed_at: datetime


def read_structure(data: bytes, seal: PdfSeal) -> Structure:
    """Read the part of a PDF that its proven seal covers.

    1. The seal that certifies the document is the one whose bytes were proven, and its only signature.
    2. It allows no change (ISO 32000-2 §12.8.2.2).
    3. One receipt is attached.

    Raises: `RenditionInvalidError`; whatever pyHanko raises.
    """
    root: Any = PdfFileReader(BytesIO(_without_container(data[: seal.covered], seal))).root
    signature, fields = root["/Perms"]["/DocMDP"], root["/AcroForm"]["/Fields"]
    if len(fields) != 1 or "/Kids" in fields[0]:  # 1
        raise RenditionInvalidError(f"the PDF has {len(fields)} signatures instead of its one seal")
    if fields[0].raw_get("/V") != root["/Perms"].raw_get("/DocMDP"):
        raise RenditionInvalidError("the seal is not what certifies the PDF")
    if list(signature["/ByteRange"]) != [0, seal.start, seal.end, seal.covered - seal.end]:
        raise RenditionInvalidError("the seal does not cover the whole PDF")
    (reference,) = signature["/Reference"]
    allowed = reference["/TransformParams"]["/P"]
    if reference["/TransformMethod"] != "/DocMDP" or allowed != _NO_CHANGES:  # 2
        raise RenditionInvalidError("the seal allows changes")
    files = root["/AF"]
    if len(files) != 1:  # 3
        raise RenditionInvalidError("the PDF must have its receipt attached and nothing else")
    receipt: bytes = files[0]["/EF"]["/F"].data
    return Structure(receipt, parse_pdf_date(signature["/M"]))


def _without_container(covered: bytes, seal: PdfSeal) -> bytes:
    """Return what the seal covers with nothing in its container.

    pyHanko reads a string digit by digit, and of this one nothing is left to learn. Where something stands
    behind it that the table of references names, it is left as it is.
    """
    rest = covered[seal.end :]
    began = _START.search(rest)
    if began is None or any(int(place) > seal.start for place in _PLACE.findall(rest)):
        return covered
    moved = int(began[1]) - (seal.end - seal.start - 2)
    return b"".join(
        (covered[: seal.start], b"<>", rest[: began.start(1)], b"%d" % moved, rest[began.end(1) :])
    )
