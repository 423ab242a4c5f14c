"""What others may append to a sealed PDF: validation data and document time-stamps, and nothing else.

The seal allows no change, and even so ISO 32000-2 (§12.8.2.2.2) and ETSI EN 319 142-1 (§5.4, §5.5) let
anybody append a document security store (DSS, with VRI) and document time-stamps, each as an incremental
update. They are not under the seal: they count only where they verify, and they must change nothing that a
person sees or a program reads of what was sealed.

pyHanko compares each update, object by object, with what was there before. Its rules are made stricter here:
neither the title nor any other metadata changes, no field is filled in, nothing is visible, and nothing is
hidden in bytes that no table of references names, where another reader could find it.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from lxml import etree
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.policy_api import SuspiciousModification
from pyhanko.sign.fields import MDPPerm

from notigateway.errors import RenditionInvalidError, StampInvalidError
from notigateway.evidence.pdf_seal import find_ranges
from notigateway.evidence.pdf_store import content_of, read_store
from notigateway.evidence.timestamp import kept_form, read_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cryptography.x509 import Certificate
    from lxml.etree import _Element
    from pyhanko.pdf_utils.reader import HistoricalResolver
    from pyhanko.sign.diff_analysis import FieldComparisonContext, FormUpdate, ReferenceUpdate

    from notigateway.evidence.pdf_seal import ByteRange, PdfSeal
    from notigateway.evidence.timestamp import Stamp
    from notigateway.evidence.validation_data import ValidationData

# pyHanko tells what it finds of foreign files; here every finding is a refusal, in words of our own.
logging.getLogger("pyhanko").addHandler(logging.NullHandler())

# Lists of revoked certificates are the largest that is appended.
ADDITIONS_MAX_BYTES: Final = 4 * 1024 * 1024
_UPDATES_AT_MOST: Final = 24
# Hundreds are needed; pyHanko follows each of them, for each update.
_OBJECTS_AT_MOST: Final = 4_000
_REFERENCES_AT_MOST: Final = 8_000
_REFERENCE: Final = re.compile(rb"(?<=[\d\0\t\n\f\r ])R(?![0-9A-Za-z])")
# Those of the gateway's PDFs have 3 KiB.
_XMP_MAX_BYTES: Final = 64 * 1024
_XMP_ELEMENTS_AT_MOST: Final = 1_000
# From the beginning of a number on, each part as far as it goes: in whatever is appended nothing backtracks.
_OBJECT: Final = re.compile(rb"(?<!\d)(\d++)[\0\t\n\f\r ]++\d++[\0\t\n\f\r ]++obj")
# What a reader may take for the head of an object too: no space before the word, or a comment within.
_WORD_OF_OBJECT: Final = re.compile(
    rb"(?:[\0\t\n\f\r ]\d++[\0\t\n\f\r ]*+|(?<![\0\t\n\f\r ])(?=[\0\t\f ]*+[\n\r])[\0\t\n\f\r ]++)"
    rb"obj(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
_TABLE: Final = re.compile(rb"startxref\n(\d+)\n%%EOF\n?\Z")
_END: Final = re.compile(rb"%%EOF(?:\r\n|\n|\r)?\Z")
# What time-stamps of a document are about: EU DSS asks about a SHA-512.
_HASHES: Final = ("sha256", "sha512")
_SIDES: Final = 4
_OF_UNSEEN: Final = frozenset(
    ["/FT", "/Type", "/Subtype", "/F", "/Ff", "/T", "/TU", "/V", "/P", "/Rect", "/AP"]
)
# A tool that appends may write when it did, and its own name.
_OF_THE_TOOL: Final = frozenset({"/ModDate", "/Producer"})
_XMP_OF_THE_TOOL: Final = frozenset({"ModifyDate", "MetadataDate", "Producer", "InstanceID", "xmptk"})
_DIRECT: Final = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})


class _Unseen(SigFieldCreationRule):
    """A new field may have a look where it takes no place: EU DSS gives one to each of its time-stamps."""

    def apply(self, context: FieldComparisonContext) -> Iterator[tuple[ModificationLevel, FormUpdate]]:
        for level, found in super().apply(context):
            named = context.field_specs[found.field_name].new_field_ref if found.field_name else None
            if (
                level is ModificationLevel.FORM_FILLING
                and named is not None
                and _is_unseen(named.get_object())
            ):
                yield ModificationLevel.LTA_UPDATES, replace(found, valid_when_locked=True)
            else:
                yield level, found


def _is_unseen(field: Any) -> bool:  # noqa: ANN401  (an object of a PDF)
    """Tell whether a field is shown nowhere: its box is of plain numbers, of no size, and it has no parts."""
    if not isinstance(field, DictionaryObject) or not set(field) <= _OF_UNSEEN or "/Rect" not in field:
        return False
    box = field["/Rect"]
    sides = list.copy(box) if isinstance(box, ArrayObject) else []
    if len(sides) != _SIDES or not all(isinstance(one, int | Decimal) for one in sides):
        return False
    return bool(sides[:2] == sides[2:])


class _SameInfo(DocInfoRule):
    """The information of the document stays, but for what a tool says of itself."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[ReferenceUpdate]:
        before, after = (_info(one) for one in (old, new))
        if before != after:
            raise SuspiciousModification("the document information was changed")
        yield from super().apply(old, new)


class _SameMetadata(MetadataUpdateRule):
    """The metadata of the document stay, but for what a tool says of itself."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[ReferenceUpdate]:
        if _metadata(old) != _metadata(new):
            raise SuspiciousModification("the metadata of the document were changed")
        yield from super().apply(old, new)


def _info(state: HistoricalResolver) -> dict[str, str]:
    named: Any = state.trailer_view.get_value_as_reference("/Info", optional=True)
    info: Any = {} if named is None else state(named)
    return {str(key): repr(info.raw_get(key)) for key in info if key not in _OF_THE_TOOL}


def _metadata(state: HistoricalResolver) -> frozenset[tuple[str, ...]] | None:
    """Return all that the metadata say, each with where it says so, however it is written."""
    named: Any = state.root.get_value_as_reference("/Metadata", optional=True)
    if named is None:
        return None
    stream: Any = state(named)
    content = content_of(stream, _XMP_MAX_BYTES) if isinstance(stream, StreamObject) else None
    if content is None or content.count(b"<") > _XMP_ELEMENTS_AT_MOST or b"<!" in content:
        raise SuspiciousModification("the metadata of the document cannot be read")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    said: list[tuple[str, ...]] = []
    _collect(etree.fromstring(content, parser), (), said)
    return frozenset(said)


def _collect(element: _Element, path: tuple[str, ...], said: list[tuple[str, ...]]) -> None:
    """Collect texts and attributes, each with the names that lead to it.

    Left out are the words that a tool writes of itself, and nothing that stands in or behind them.
    """
    if not isinstance(element.tag, str):
        raise SuspiciousModification("the metadata of the document hold what is no element")
    if (element.tail or "").strip():
        said.append((*path, "", (element.tail or "").strip()))
    is_of_the_tool = etree.QName(element).localname in _XMP_OF_THE_TOOL
    if is_of_the_tool and not len(element) and not element.attrib:
        return
    here = (*path, element.tag)
    for name, value in element.attrib.items():
        if etree.QName(str(name)).localname not in _XMP_OF_THE_TOOL:
            said.append((*here, str(name), str(value)))
    text = (element.text or "").strip()
    if text or not (len(element) or element.attrib):
        said.append((*here, text))
    for position, child in enumerate(element):
        is_listed = etree.QName(element).localname in {"Seq", "Alt", "Bag"}
        _collect(child, (*here, str(position)) if is_listed else here, said)


def _policy() -> StandardDiffPolicy:
    lta = ModificationLevel.LTA_UPDATES
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(ignored_keys=_DIRECT),  # type: ignore[no-untyped-call]
            _SameInfo().as_qualified(lta),
            _SameMetadata().as_qualified(lta),  # type: ignore[no-untyped-call]
            XrefStreamRule().as_qualified(lta),
            ObjectStreamRule().as_qualified(lta),
            DSSCompareRule().as_qualified(lta),
        ],
        form_rule=FormUpdatingRule(
            field_rules=[
                _Unseen(),  # type: ignore[no-untyped-call]
                SigFieldModificationRule(),
            ]
        ),
    )


@dataclass(frozen=True, slots=True)
class Appended:
    """What stands behind a seal: the words of pinned authorities, and validation data.

    `stamps`, the oldest first, each with the data that it covers; `data` are all there are.
    """

    stamps: tuple[tuple[Stamp, ValidationData], ...]
    data: ValidationData


def check_additions(data: bytes, seal: PdfSeal, *, authorities: Sequence[Certificate]) -> Appended:
    """Check what stands behind the part that a proven seal covers, and return it.

    1. It is not larger than any validation data, and in few updates.
    2. It follows a whole document, the one that is sealed.
    3. Nothing changes but what these additions need, and nothing of it can be seen.
    4. Every field beside the seal holds a document time-stamp.
    5. Every object in it is named by the table of references of its update.

    Time-stamps by others than `authorities` are allowed and prove nothing.

    Raises: `RenditionInvalidError`; whatever pyHanko raises.
    """
    if len(data) - seal.covered > ADDITIONS_MAX_BYTES:  # 1
        raise RenditionInvalidError("more is appended to the PDF than validation data take")
    if data.count(b"startxref", seal.covered) > _UPDATES_AT_MOST:
        raise RenditionInvalidError("more updates are appended to the PDF than validation data take")
    if (
        sum(1 for _ in _OBJECT.finditer(data, seal.covered)) > _OBJECTS_AT_MOST
        or sum(1 for _ in _REFERENCE.finditer(data, seal.covered)) > _REFERENCES_AT_MOST
    ):
        raise RenditionInvalidError("more objects are appended to the PDF than validation data take")
    stamps = sorted(find_ranges(data, seal.covered), key=lambda one: one.covered)
    reader = PdfFileReader(BytesIO(_emptied(data, [seal, *stamps])))
    revision = _sealed_revision(data, reader, seal)  # 2
    _check_changes(reader, revision)  # 3
    _check_fields(reader, stamps)  # 4
    _check_named(data, reader, seal.covered, revision)  # 5
    words = [(one.covered, found) for one in stamps for found in _word_of(one, data, authorities)]
    return Appended(
        tuple((found, read_store(_as_of(reader, covered).root)) for covered, found in words),
        read_store(reader.get_historical_resolver(reader.xrefs.total_revisions - 1).root),
    )


def _as_of(reader: PdfFileReader, covered: int) -> HistoricalResolver:
    """Return the document as it was where a time-stamp ends: by the last update that it covers."""
    references = reader.xrefs
    within = [
        revision
        for revision in range(references.total_revisions)
        if references.get_startxref_for_revision(revision) < covered
    ]
    return reader.get_historical_resolver(max(within))


def _emptied(data: bytes, places: Iterable[ByteRange]) -> bytes:
    """Return the same with a word in place of every container, each as long as it was.

    pyHanko reads such strings digit by digit, each time it looks at one, and what is in them is read here.
    """
    emptied = bytearray(data)
    for one in places:
        emptied[one.start : one.end] = b"/".ljust(one.end - one.start, b"A")
    return bytes(emptied)


def _sealed_revision(data: bytes, reader: PdfFileReader, seal: PdfSeal) -> int:
    """Return the number of the update with which the document was sealed: the one before all that came."""
    began = _TABLE.search(data, seal.end, seal.covered)
    references = reader.xrefs
    starts = [
        references.get_startxref_for_revision(revision) for revision in range(references.total_revisions)
    ]
    behind = [start for start in starts if start >= seal.covered]
    if began is None or int(began[1]) not in starts or starts[len(starts) - len(behind) :] != behind:
        raise RenditionInvalidError("what is appended to the PDF does not follow what was sealed")
    revision = len(starts) - len(behind) - 1
    if starts[revision] != int(began[1]) or not behind:
        raise RenditionInvalidError("the seal does not cover the whole PDF")
    return revision


def _check_changes(reader: PdfFileReader, sealed: int) -> None:
    """Compare each update with what was sealed, not with the one before it: that is the only thing proven."""
    policy, before = _policy(), reader.get_historical_resolver(sealed)
    try:
        for revision in range(sealed + 1, reader.xrefs.total_revisions):
            after = reader.get_historical_resolver(revision)
            found = policy.apply(old=before, new=after, doc_mdp=MDPPerm.NO_CHANGES)
            if found.modification_level > ModificationLevel.LTA_UPDATES:
                raise RenditionInvalidError("the PDF was changed after it was sealed")
            versions = [str(one.root.get("/Version", "")) for one in (before, after)]
            if versions[1] < versions[0]:
                raise RenditionInvalidError("the PDF was changed after it was sealed: its version")
            forms = (before.root["/AcroForm"], after.root["/AcroForm"])
            # How fields look: none of those that may be there has a look.
            if any(forms[0].get(name) != forms[1].get(name) for name in ("/NeedAppearances", "/XFA", "/CO")):
                raise RenditionInvalidError("the PDF was changed after it was sealed: its form")
    except SuspiciousModification as error:
        raise RenditionInvalidError(f"the PDF was changed after it was sealed: {error}") from error


def _check_fields(reader: PdfFileReader, stamps: Sequence[ByteRange]) -> None:
    ranges = {(0, one.start, one.end, one.covered - one.end) for one in stamps}
    fields: Any = reader.root["/AcroForm"]["/Fields"]
    for number in range(1, len(fields)):
        field: Any = fields[number]
        named = field.raw_get("/V") if "/V" in field else None
        value: Any = None if named is None else named.get_object()
        if value is None or value.get("/Type") != "/DocTimeStamp" or tuple(value["/ByteRange"]) not in ranges:
            raise RenditionInvalidError("somebody else has signed the PDF after it was sealed")


def _check_named(data: bytes, reader: PdfFileReader, begin: int, sealed: int) -> None:
    """Refuse objects that only a reader finds which mends broken tables: it would take them for the last."""
    references = reader.xrefs
    updates = range(sealed + 1, references.total_revisions)
    if data.count(b"trailer", begin) > len(updates) or not _END.search(data, begin):
        raise RenditionInvalidError("something is hidden in what is appended to the PDF")
    named = {
        references.get_historical_ref(reference, revision)
        for revision in updates
        for reference in references.explicit_refs_in_revision(revision)
    }
    places = {place for place in named if isinstance(place, int)}
    for revision in updates:
        for reference in references.explicit_refs_in_revision(revision):
            place = references.get_historical_ref(reference, revision)
            head = _OBJECT.match(data, place) if isinstance(place, int) else None
            if head is not None and int(head[1]) != reference.idnum:
                raise RenditionInvalidError("an object that is appended to the PDF is called otherwise")
    if any(place < begin for place in places):
        raise RenditionInvalidError("what is appended to the PDF names anew what was sealed")
    heads = list(_OBJECT.finditer(data, begin))
    ends = {head.end() for head in heads}
    if any(head.start() not in places for head in heads) or any(
        word.end() not in ends for word in _WORD_OF_OBJECT.finditer(data, begin)
    ):
        raise RenditionInvalidError("something is hidden in what is appended to the PDF")


def _word_of(stamp: ByteRange, data: bytes, authorities: Sequence[Certificate]) -> Iterator[Stamp]:
    """Return what a document time-stamp proves of all before it; nothing where it proves nothing."""
    if not authorities:
        return
    for algorithm in _HASHES:
        with suppress(StampInvalidError):
            token, imprint = kept_form(stamp.content(data), authorities), stamp.digest(data, algorithm)
            yield read_stamp(token, imprint=imprint, authorities=authorities)
            return
