"""The form of a receipt that people read: PDF/A-3 made from the sealed XML, which travels inside it.

Typeset by typst from `rendition.typ`. The texts of the receipt reach it as data, never as part of the
template; it reads no file, no system font and no network. The same receipt gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import typst
from cryptography import x509
from lxml import etree

from notigateway.errors import RenditionError
from notigateway.evidence.form import Original, form_data
from notigateway.evidence.wording import Reading
from notigateway.pki.keys import fingerprint
from notigateway.wss.ns import ds

STANDARD: Final = "a-3a"
# Typst's own error for a panic inside it does not derive from Exception.
_PANIC: Final = "PanicException"


def render_pdf(receipt: bytes, *, verify_url: str | None = None) -> bytes:
    """Return the unsealed form of a receipt whose seal was verified before, as PDF/A-3 level A.

    `verify_url` is the public page for its CSV code; without it, or without a code, there is no QR.

    Raises: `RenditionError` when the typesetter fails.
    """
    evidence = etree.fromstring(receipt, _parser())
    data = form_data(Reading(evidence), _original(receipt), verify_url)
    made_at = datetime.fromisoformat(data.pop("at")).replace(microsecond=0)
    inputs = {"data": json.dumps(data, sort_keys=True), "receipt": receipt.decode()}
    try:
        pdf = typst.compile(
            _template(),
            font_paths=_fonts(),
            sys_inputs=inputs,
            format="pdf",
            pdf_standards=[STANDARD],
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
    return pdf


def seal_certificate_of(receipt: bytes) -> x509.Certificate:
    """Return the certificate that is named on the seal of a receipt. Raises: `ValueError`."""
    path = f"{ds('Signature')}/{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}"
    token = etree.fromstring(receipt, _parser()).findtext(path)
    return x509.load_der_x509_certificate(base64.b64decode(token or ""))


def _original(receipt: bytes) -> Original:
    """Return what the form says of the original and of the seal certificate inside it."""
    certificate = seal_certificate_of(receipt)
    return Original(
        sha256=hashlib.sha256(receipt).hexdigest(),
        seal_sha256=fingerprint(certificate),
        seal_holder=certificate.subject.rfc4514_string(),
    )


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@cache
def _template() -> bytes:
    return Path(__file__).with_name("rendition.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts that are inside the typesetter: what a machine has must not change a page."""
    return typst.Fonts(include_system_fonts=False)
