"""Appends to a sealed PDF what its signatures are validated by: PAdES-BASELINE-LT, ETSI EN 319 142-1 §5.4.

A document security store with the certificates and the revocation data of seal and authority, as one
incremental update, written by hand: it is small and has one form, so the same data give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from notigateway.errors import RenditionInvalidError
from notigateway.evidence.pdf_seal import find_seal
from notigateway.evidence.validation_data import ValidationData

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notigateway.evidence.pdf_seal import PdfSeal

_TRAILER: Final = re.compile(
    rb"trailer\n<<\n/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R\n"
    rb"/ID \[ <([0-9a-f]+)> <[0-9a-f]+> \]\n/Prev \d+\n>>\nstartxref\n(\d+)\n%%EOF\n?\Z"
)
_SECTION: Final = re.compile(rb"(\d+) (\d+)\n((?:\d{10} \d{5} [nf] ?\r?\n)+)")
_STORE: Final = re.compile(
    rb"\n(\d+) 0 obj\n<<\n/Type /DSS\n((?:/(?:Certs|CRLs|OCSPs) \[ (?:\d+ 0 R )+\]\n)*)>>\nendobj\n"
)
_LISTS: Final = (b"Certs", b"CRLs", b"OCSPs")
_LIST: Final = re.compile(rb"/(Certs|CRLs|OCSPs) \[ ((?:\d+ 0 R )+)\]\n")
_HEAD: Final = re.compile(rb"\d+ 0 obj\n<<\n/Length (\d{1,8})\n>>\nstream\n")
_FOOT: Final = b"\nendstream\nendobj\n"
_ENTRY_BYTES: Final = 20
_END: Final = b"\n>>\nendobj"


def add_validation_data(pdf: bytes, data: ValidationData) -> bytes:
    """Return a sealed PDF, to which nothing was appended yet, with that data in its security store.

    No byte of the PDF changes; the same data give the same bytes.

    Raises: `RenditionInvalidError` where the PDF is not as the gateway writes it.
    """
    seal = find_seal(pdf)
    if seal.covered != len(pdf):
        raise RenditionInvalidError("something is appended to the PDF already")
    return _written(pdf, seal.end, (data.certificates, data.revocation_lists, data.status_answers))


def _written(pdf: bytes, end: int, values: Sequence[Sequence[bytes]]) -> bytes:
    """Return the PDF with its security store; behind the container it ends with a trailer of pyHanko's."""
    trailer = _TRAILER.search(pdf, end)
    if trailer is None:
        raise RenditionInvalidError("the PDF is not one to which the gateway can append")
    size, root, info, identifier, table = trailer.groups()
    objects: dict[int, bytes] = {}
    store, following = int(size), int(size) + 1
    named = []
    for name, contents in zip(_LISTS, values, strict=True):
        numbers = range(following, following + len(contents))
        following += len(contents)
        objects |= dict(zip(numbers, map(_stream, contents), strict=True))
        if contents:
            named.append(b"/%b [ %b ]\n" % (name, b" ".join(b"%d 0 R" % number for number in numbers)))
    objects[store] = b"<<\n/Type /DSS\n" + b"".join(named) + b">>"
    objects[int(root)] = _catalog(pdf, int(root), int(table)) + b"\n/DSS %d 0 R\n>>" % store
    body, places = bytearray(b"\n"), {}
    for number, content in sorted(objects.items()):
        places[number] = len(pdf) + len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    begins = len(pdf) + len(body)
    changed = hashlib.sha256(pdf + body).hexdigest()[: len(identifier)].encode()
    body += b"xref\n" + b"".join(_sections(places))
    body += b"trailer\n<<\n/Size %d\n/Root %b 0 R\n/Info %b 0 R\n" % (following, root, info)
    body += b"/ID [ <%b> <%b> ]\n/Prev %b\n>>\n" % (identifier, changed, table)
    return pdf + bytes(body) + b"startxref\n%d\n%%%%EOF\n" % begins


def read_as_written(pdf: bytes, seal: PdfSeal) -> ValidationData | None:
    """Return the data behind the part that a proven seal covers, if they are just what is appended here.

    It is read by nothing but its own form, and written anew from what was read: so nobody has to compare the
    document before with the one after.
    """
    store = _STORE.search(pdf, seal.covered)
    if store is None:
        return None
    read: dict[bytes, list[bytes]] = {name: [] for name in _LISTS}
    place = store.end()
    for name, numbers in _LIST.findall(store[2]):
        for _ in range(numbers.count(b"R")):
            head = _HEAD.match(pdf, place)
            if head is None:
                return None
            read[name].append(pdf[head.end() : head.end() + int(head[1])])
            place = head.end() + int(head[1]) + len(_FOOT)
    try:
        written = _written(pdf[: seal.covered], seal.end, list(read.values()))
    except (RenditionInvalidError, ValueError):
        return None
    return ValidationData(*read.values()) if written == pdf else None


def _stream(content: bytes) -> bytes:
    return b"<<\n/Length %d\n>>\nstream\n%b\nendstream" % (len(content), content)


def _catalog(pdf: bytes, number: int, table: int) -> bytes:
    """Return the catalog as the seal has it, without its end; the table of references says where it is."""
    for first, count, entries in _SECTION.findall(pdf, table):
        at = number - int(first)
        if 0 <= at < int(count):
            place = int(entries[at * _ENTRY_BYTES :][:10])
            head = b"%d 0 obj\n<<\n" % number
            if pdf.startswith(head, place):
                return pdf[place + len(head) - 3 : pdf.index(_END, place)]
    raise RenditionInvalidError("the PDF is not one to which the gateway can append")


def _sections(places: dict[int, int]) -> Iterable[bytes]:
    """Return a table of references, each run of numbers under its own head (ISO 32000-1 §7.5.4)."""
    run: list[int] = []
    for number in sorted(places):
        if run and number != run[-1] + 1:
            yield _section(run, places)
            run = []
        run.append(number)
    yield _section(run, places)


def _section(run: Sequence[int], places: dict[int, int]) -> bytes:
    entries = b"".join(b"%010d 00000 n \n" % places[number] for number in run)
    return b"%d %d\n%b" % (run[0], len(run), entries)
