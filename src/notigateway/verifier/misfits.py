"""What a file is that is no evidence, or is evidence no more, in one sentence for whoever gave it.

It decides nothing: the steps have found that the file does not verify, and this says what a person does about
it. By bytes alone, since what nobody could verify is read by no parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notigateway.verifier.report import Outcome
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.verifier.report import Report

NO_EVIDENCE: Final = "neither a bundle, a container, a receipt, a PDF nor the certificate of a power"
REWRITTEN: Final = (
    "this is not the file as it was issued: an editor, a mail program or an XML tool has rewritten it "
    "({how}), and the seal is about every byte. Whether it says what it said cannot be told from it: get "
    "the original again, and store it without opening it"
)
CUT_SHORT: Final = "the file is cut short ({how}): get it again"
_NAMESPACE: Final = EVIDENCE_1.encode()
_OTHER_ENCODINGS: Final = tuple(EVIDENCE_1.encode(one) for one in ("utf-16-le", "utf-16-be"))
_ENDS: Final = {b"<PowerCertificate": b"</PowerCertificate>", b"<Evidence": b"</Evidence>"}
# Enough of a file to see what it is: it need not be looked through.
_BEGINNING_BYTES: Final = 64 * 1024
_MARK: Final = b"\xef\xbb\xbf"
_SOAP: Final = (b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")
_BETWEEN_TAGS: Final = re.compile(rb">\r?\n[ \t]*<")
_EMPTY_TAG: Final = re.compile(rb"<[A-Za-z][A-Za-z0-9:]{0,60}/>")


def told_at_once(data: bytes, report: Report) -> str | None:
    """Return in a sentence what is wrong with a lone file as a file; None where its steps say it better.

    Asked only of what is no ZIP file and no PDF.
    """
    beginning = data[:_BEGINNING_BYTES]
    if report.outcome is not Outcome.FAILED:
        return None
    if any(one in beginning for one in _OTHER_ENCODINGS):
        return REWRITTEN.format(how="it is in UTF-16, and was in UTF-8")
    if _NAMESPACE not in beginning:
        return f"{NO_EVIDENCE}{_what_else(beginning)}" if data else f"the file is empty: {NO_EVIDENCE}"
    if any(step.name == "seal" and step.outcome is Outcome.FAILED for step in report.steps):
        return _damage(data)
    return None


def _damage(data: bytes) -> str | None:
    """Return what has become of a receipt by what it shows; None where nothing does."""
    how = next((words for shows, words in _REWRITTEN_BY if shows(data)), None)
    if how is not None:
        return REWRITTEN.format(how=how)
    end = _end_of(data)
    if end is not None and end not in data[-_BEGINNING_BYTES:]:
        return CUT_SHORT.format(how=f"it does not end with {end.decode()}")
    return None


def _what_else(beginning: bytes) -> str:
    """Say of what is no evidence what it seems to be, where that helps."""
    if any(one in beginning for one in _SOAP):
        return "; it seems to be a message: a signed request is given by --request, beside its receipt"
    if "\n\n\u2014 ".encode() in beginning:
        return "; it seems to be a head of the log, which `notigateway monitor` and `log verify` take"
    if beginning.startswith((b"-----BEGIN ", b"\x30\x82", b"\x30\x83")):
        return "; it seems to be a certificate, a time-stamp or revocation data, which stand in a bundle"
    return ""


def _end_of(data: bytes) -> bytes | None:
    return next((end for start, end in _ENDS.items() if data.startswith(start)), None)


def _has_more_at_its_end(data: bytes) -> bool:
    end = _end_of(data)
    return end is not None and data.rstrip().endswith(end) and not data.endswith(end)


# What shows that a receipt is not in the bytes that were sealed.
_REWRITTEN_BY: Final[tuple[tuple[Callable[[bytes], object], str], ...]] = (
    (lambda data: data.startswith(_MARK), "it begins with a byte order mark"),
    (lambda data: data.lstrip().startswith(b"<?xml"), "it begins with an XML declaration"),
    (lambda data: data[:1].isspace(), "it begins with white space"),
    (lambda data: b"\r\n" in data, "its lines end as on Windows"),
    (_has_more_at_its_end, "white space or a line break is added at its end"),
    (_BETWEEN_TAGS.search, "line breaks stand between its elements"),
    (_EMPTY_TAG.search, "empty elements are written in another way"),
)
