"""The form of a receipt that people read: PDF/A-3 and PDF/UA-1 made from the sealed XML, which is inside it.

Typeset by typst from `rendition.typ`. The texts of the receipt reach it as data, never as part of the
template; it reads no file, no system font and no network. The same receipt gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import typst

from notigateway.errors import RenditionError
from notigateway.evidence.form import Original, Stamp, form_data
from notigateway.evidence.row_heads import mark_row_heads
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.wording import Reading
from notigateway.evidence.xades import seal_certificate_of
from notigateway.pki.keys import fingerprint

STANDARDS: Final = ("a-3a", "ua-1")
# Typst's own error for a panic inside it does not derive from Exception.
_PANIC: Final = "PanicException"


def render_pdf(receipt: bytes, *, verify_url: str | None = None, stamp: Stamp | None = None) -> bytes:
    """Return the unsealed form of a receipt whose seal was verified before, as PDF/A-3 level A and PDF/UA-1.

    `verify_url` is the public page for its CSV code; without it, or without a code, there is no QR. `stamp`
    is the checked time-stamp of the receipt, if it has one by now: the form names it.

    Raises: `RenditionError` when the typesetter fails.
    """
    data = form_data(Reading(parse_receipt(receipt)), _original(receipt, stamp), verify_url)
    made_at = datetime.fromisoformat(data.pop("at")).replace(microsecond=0)
    inputs = {"data": json.dumps(data, sort_keys=True), "receipt": receipt.decode()}
    try:
        pdf = typst.compile(
            _template(),
            font_paths=_fonts(),
            sys_inputs=inputs,
            format="pdf",
            pdf_standards=[*STANDARDS],
            timestamp=made_at,
        )
    except typst.TypstError as error:
        raise RenditionError(f"the typesetter refused the receipt: {error.message}") from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise RenditionError("the typesetter failed") from error
    if not isinstance(pdf, bytes):
        raise RenditionError("the typesetter returned no document")
    return mark_row_heads(pdf)


def _original(receipt: bytes, stamp: Stamp | None) -> Original:
    """Return what the form says of the original and of the seal certificate inside it."""
    certificate = seal_certificate_of(receipt)
    return Original(
        sha256=hashlib.sha256(receipt).hexdigest(),
        seal_sha256=fingerprint(certificate),
        seal_holder=certificate.subject.rfc4514_string(),
        stamp=stamp,
    )


@cache
def _template() -> bytes:
    return Path(__file__).with_name("rendition.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts that are inside the typesetter: what a machine has must not change a page."""
    return typst.Fonts(include_system_fonts=False)
