"""Whoever appends validation data or time-stamps to a form is welcome; with anything else nobody is."""
# ruff: noqa: ANN401  (objects of a PDF have no types)

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.validation.dss import DocumentSecurityStore

from document_stamps import document_stamp
from notigateway.errors import RenditionInvalidError
from notigateway.evidence.pades import SealedPdf, seal_pdf, verify_pdf
from notigateway.evidence.pdf_additions import ADDITIONS_MAX_BYTES
from notigateway.evidence.pdf_seal import add_stamp, stamp_imprint
from notigateway.evidence.pdf_validation import add_validation_data
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.validation_data import ValidationData
from pki import crl, pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.evidence.sealing import Seal
    from notigateway.pki.keys import KeyPair

SEALED_AT = datetime.fromisoformat("2026-03-29T10:00:00+00:00")
STAMPED_AT = SEALED_AT + timedelta(seconds=40)
LATER = SEALED_AT + timedelta(days=300)


@pytest.fixture(scope="module")
def form(receipt: bytes, seal: Seal) -> bytes:
    return seal_pdf(render_pdf(receipt), seal=seal, at=SEALED_AT)


@pytest.fixture(scope="module")
def verified(seal_pair: KeyPair) -> Callable[[bytes], SealedPdf]:
    return lambda data: verify_pdf(
        data, seal_certificates=[seal_pair.certificate], timestamp_certificates=[tsa().certificate]
    )


def number(value: int) -> Any:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def dictionary(items: Any = ()) -> Any:
    return generic.DictionaryObject(dict(items))  # type: ignore[no-untyped-call]


def der(pair: KeyPair) -> bytes:
    return pair.certificate.public_bytes(Encoding.DER)


def long_term(form: bytes) -> bytes:
    stamped = add_stamp(form, token_of(stamp_imprint(form), at=STAMPED_AT))
    return add_validation_data(
        stamped, ValidationData([der(pki().seal), der(pki().issuing), der(tsa())], [crl(pki().issuing)])
    )


def appended(data: bytes, change: Callable[[Any], object]) -> bytes:
    """Return the PDF with an update that a library has written."""
    out = IncrementalPdfFileWriter(BytesIO(data))
    change(out)
    written = BytesIO()
    out.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


# --- what is welcome ------------------------------------------------------------------------------------


def test_validation_data_are_appended_and_change_nothing(
    form: bytes, receipt: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    raised = long_term(form)

    found = verified(raised)
    assert (found.receipt, found.timestamped_at, found.has_additions) == (receipt, STAMPED_AT, True)
    stamped = add_stamp(form, token_of(stamp_imprint(form), at=STAMPED_AT))
    assert len(stamped) < len(raised)
    assert re.sub(rb"<3[0-9A-F]{5000,}>", b"", raised).startswith(
        re.sub(rb"<3[0-9A-F]{5000,}>", b"", stamped)
    )
    store: Any = PdfFileReader(BytesIO(raised)).root["/DSS"]
    assert [one.get_object().data for one in store["/Certs"]] == [
        der(pki().seal),
        der(pki().issuing),
        der(tsa()),
    ]
    assert len(store["/CRLs"]) == 1


def test_the_store_that_others_append_is_welcome(form: bytes, verified: Callable[[bytes], SealedPdf]) -> None:
    out = BytesIO(form)
    DocumentSecurityStore.add_dss(
        out,
        form[form.index(b"/Contents <") :][:100],
        certs=[asn1.Certificate.load(der(pki().issuing))],
        crls=[],
        ocsps=[],
    )

    assert verified(out.getvalue()).has_additions


def test_a_document_time_stamp_of_a_pinned_authority_proves_since_when(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    assert verified(document_stamp(form, LATER)).timestamped_at == LATER
    assert verified(document_stamp(form, LATER, pair=tsa("another"))).timestamped_at is None
    assert verified(document_stamp(long_term(form), LATER)).timestamped_at == STAMPED_AT
    archived = document_stamp(document_stamp(long_term(form), LATER), LATER + timedelta(days=300))
    assert verified(archived).timestamped_at == STAMPED_AT


def test_a_document_time_stamp_of_something_else_proves_nothing(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    stamped = document_stamp(form, LATER)
    start = stamped.rindex(b"/Contents <") + len(b"/Contents <")
    end = stamped.index(b">", start)
    wrong = token_of(bytes(32), at=SEALED_AT).hex().encode().ljust(end - start, b"0")

    assert verified(stamped[:start] + wrong + stamped[end:]).timestamped_at is None


# --- what is not ----------------------------------------------------------------------------------------


def update(data: bytes, objects: dict[int, bytes], *, root: int | None = None) -> bytes:
    """Return the PDF with an update written by hand: objects as they stand there, and their table."""
    (size, named, info, former) = re.findall(
        rb"/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R\n(?:.*\n)*?startxref\n(\d+)", data
    )[-1]
    body, table = b"", b""
    for number, content in sorted(objects.items()):
        table += b"%d 1\n%010d 00000 n \n" % (number, len(data) + len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    most = max(int(size), *(number + 1 for number in objects))
    trailer = b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %b 0 R\n/Prev %b\n>>\n" % (
        most,
        root or int(named),
        info,
        former,
    )
    return data + body + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body))


def object_of(data: bytes, number: int) -> bytes:
    """Return an object as it was sealed, its last form."""
    found: list[bytes] = re.findall(rb"(?:^|\n)%d 0 obj\n(.*?)\nendobj" % number, data, re.DOTALL)
    return found[-1]


def _page(out: Any) -> Any:
    return out.root["/Pages"]["/Kids"][0].get_object()


def _overlay(out: Any) -> None:
    """Paint over what stands there."""
    page = _page(out)
    page["/Contents"] = generic.ArrayObject(
        [page.raw_get("/Contents"), out.add_object(generic.StreamObject(stream_data=b"0 0 600 900 re f"))]
    )
    out.mark_update(page.container_ref)


def _other_contents(out: Any) -> None:
    """Exchange the bytes of the page where they are."""
    contents = _page(out).raw_get("/Contents")
    out.objects[(contents.generation, contents.idnum)] = generic.StreamObject(stream_data=b"0 0 600 900 re f")


def _annotation(subtype: str, **more: Any) -> Callable[[Any], None]:
    def add(out: Any) -> None:
        page = _page(out)
        note = dictionary(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name(subtype),
                pdf_name("/Rect"): generic.ArrayObject(map(number, (0, 0, 600, 900))),
                pdf_name("/Contents"): pdf_string("rechazada"),
                **{pdf_name(f"/{name}"): value for name, value in more.items()},
            }
        )
        page.setdefault("/Annots", generic.ArrayObject()).append(out.add_object(note))
        out.mark_update(page.container_ref)
        out.update_container(page)

    return add


def _in_catalog(name: str, value: Any) -> Callable[[Any], None]:
    def put(out: Any) -> None:
        out.root[pdf_name(name)] = value
        out.update_root()

    return put


def _added_page(out: Any) -> None:
    pages = out.root["/Pages"]
    pages["/Kids"].append(pages["/Kids"].raw_get(0))
    pages[pdf_name("/Count")] = number(len(pages["/Kids"]))
    out.update_container(pages["/Kids"])
    out.update_container(pages)


def _removed_page(out: Any) -> None:
    pages = out.root["/Pages"]
    del pages["/Kids"][-1]
    pages[pdf_name("/Count")] = number(len(pages["/Kids"]))
    out.update_container(pages)


def _other_receipt(out: Any) -> None:
    file = out.root["/AF"][0]["/EF"].raw_get("/F")
    out.objects[(file.generation, file.idnum)] = generic.StreamObject(stream_data=b"<another/>")


def _attached_beside(out: Any) -> None:
    file = dictionary({pdf_name("/Type"): pdf_name("/Filespec"), pdf_name("/F"): pdf_string("x")})
    out.root["/AF"].append(out.add_object(file))
    out.update_root()


def _text_field(out: Any) -> None:
    field = dictionary(
        {
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): pdf_string("Text"),
            pdf_name("/V"): pdf_string("rechazada"),
        }
    )
    out.root["/AcroForm"]["/Fields"].append(out.add_object(field))
    out.update_container(out.root["/AcroForm"]["/Fields"])
    out.update_container(out.root["/AcroForm"])


def _seal_taken_away(out: Any) -> None:
    field = out.root["/AcroForm"]["/Fields"][0]
    del field["/V"]
    out.update_container(field)


def _in_form(name: str, value: Any) -> Callable[[Any], None]:
    def put(out: Any) -> None:
        out.root["/AcroForm"][pdf_name(name)] = value
        out.update_container(out.root["/AcroForm"])

    return put


def _empty_field(*, visible: bool) -> Callable[[Any], None]:
    box = (0, 0, 600, 900) if visible else None
    return lambda out: append_signature_field(out, SigFieldSpec("Other", on_page=0, box=box))


YES: Any = generic.BooleanObject(True)  # type: ignore[no-untyped-call]
ACTION = dictionary({pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")})
STORE = dictionary({pdf_name("/Type"): pdf_name("/DSS"), pdf_name("/More"): pdf_string("x")})
CHANGES: dict[str, Callable[[Any], object]] = {
    "painted over": _overlay,
    "other contents": _other_contents,
    "a note over the page": _annotation("/FreeText"),
    "a stamp over the page": _annotation("/Stamp"),
    "a link": _annotation("/Link", A=ACTION),
    "a hidden widget": _annotation("/Widget", F=number(2)),
    "a field of text": _text_field,
    "a page more": _added_page,
    "a page less": _removed_page,
    "another receipt": _other_receipt,
    "a second attachment": _attached_beside,
    "the seal taken from its field": _seal_taken_away,
    "a visible field to be signed": _empty_field(visible=True),
    "another language": _in_catalog("/Lang", pdf_string("de-DE")),
    "an action on opening": _in_catalog("/OpenAction", ACTION),
    "actions of the document": _in_catalog("/AA", dictionary({pdf_name("/WC"): ACTION})),
    "layers": _in_catalog("/OCProperties", dictionary()),
    "not marked": _in_catalog("/MarkInfo", dictionary()),
    "another permission": _in_catalog("/Perms", dictionary()),
    "a viewer without title": _in_catalog("/ViewerPreferences", dictionary()),
    "a store that holds more": _in_catalog("/DSS", STORE),
    "appearances to be made anew": _in_form("/NeedAppearances", YES),
    "a form of XML": _in_form("/XFA", pdf_string("<xdp/>")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_other_change_is_refused(
    form: bytes, verified: Callable[[bytes], SealedPdf], name: str
) -> None:
    with pytest.raises(RenditionInvalidError) as refusal:
        verified(appended(form, CHANGES[name]))
    assert "cannot be read" not in str(refusal.value)


def test_what_is_hidden_before_a_time_stamp_of_others_is_refused(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    for change in (_overlay, _other_receipt, _annotation("/FreeText")):
        with pytest.raises(RenditionInvalidError):
            verified(document_stamp(appended(form, change), LATER))


def test_no_object_that_was_sealed_can_be_replaced(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    numbers = sorted({int(one) for one in re.findall(rb"\n(\d+) 0 obj\b", form)})
    dice = random.Random(20261127)  # noqa: S311

    assert len(numbers) > 150
    for number in [*dice.sample(numbers, 12), *numbers[-8:]]:
        content = dice.choice([b"<<\n/Other (x)\n>>", b"null"])
        with pytest.raises(RenditionInvalidError):
            verified(update(form, {number: content}))


def test_neither_title_nor_other_metadata_can_be_changed(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    for kind in (b"/Title (", b"/Type /Metadata"):
        (number,) = {int(one) for one in re.findall(rb"\n(\d+) 0 obj\n<<\n[^<]*" + re.escape(kind), form)}
        same = object_of(form, number)
        assert b"aceptaci" in same
        assert verified(update(form, {number: same})).has_additions
        for other in (b"denegaci", b"Aceptaci"):
            with pytest.raises(RenditionInvalidError, match="changed"):
                verified(update(form, {number: same.replace(b"aceptaci", other)}))


def test_another_catalog_or_trailer_is_refused(form: bytes, verified: Callable[[bytes], SealedPdf]) -> None:
    catalog = int(re.findall(rb"\n(\d+) 0 obj\n<<\n/Type /Catalog", form)[-1])
    same = object_of(form, catalog)

    assert verified(update(form, {catalog: same})).has_additions
    for number in (catalog, 9000):
        with pytest.raises(RenditionInvalidError):
            verified(update(form, {number: same.replace(b"/Pages 1 0 R", b"/Pages 9001 0 R")}, root=number))
    with pytest.raises(RenditionInvalidError):
        verified(update(form, {9000: same}, root=9000).replace(b"/Root 9000", b"/Encrypt 9000"))


def test_a_signature_of_somebody_else_is_refused(form: bytes, verified: Callable[[bytes], SealedPdf]) -> None:
    """Its field may be there; what it says beside the seal would be believed."""
    signed = document_stamp(form, LATER).replace(b"/Type /DocTimeStamp", b"/Type /Sig         ")

    with pytest.raises(RenditionInvalidError, match=r"was changed|somebody else"):
        verified(signed)
    with pytest.raises(RenditionInvalidError, match="somebody else"):
        verified(appended(form, _empty_field(visible=False)))


@pytest.mark.parametrize(
    ("box", "is_welcome"),
    [
        (b"[0 0 0 0]", True),
        (b"[10.0 20 10.0 20]", True),
        (b"[0 0 600 900]", False),
        (b"[0 0 600 0]", False),
        (b"[0 0 9001 0 R 9002 0 R]", False),
        (b"[0 0 0 0 600 900]", False),
        (b"null", False),
    ],
)
def test_a_time_stamp_may_have_a_look_only_where_it_takes_no_place(
    form: bytes, verified: Callable[[bytes], SealedPdf], box: bytes, is_welcome: bool
) -> None:
    """EU DSS gives each of its time-stamps one, on a box of no size."""
    stamped = with_a_look(form, box)

    if is_welcome:
        assert verified(stamped).has_additions
    else:
        with pytest.raises(RenditionInvalidError, match=r"was changed|KeyError: '/Rect'"):
            verified(stamped)


def with_a_look(form: bytes, box: bytes) -> bytes:
    """Return the PDF with a document time-stamp that proves nothing, but shows something on such a box."""
    (page, contents) = re.findall(rb"\n(\d+) 0 obj\n(<<\n/Type /Page\n.*?)\n>>\nendobj", form, re.DOTALL)[-1]
    (fields, seal) = re.findall(rb"\n(\d+) 0 obj\n<<\n/Fields \[ (\d+) 0 R \]", form)[-1]
    annotations = contents.replace(b"/Annots [ %b 0 R ]" % seal, b"/Annots [ %b 0 R 9100 0 R ]" % seal)
    objects = {
        int(page): annotations + b"\n>>",
        int(fields): b"<<\n/Fields [ %b 0 R 9100 0 R ]\n/SigFlags 3\n>>" % seal,
        9001: b"600",
        9002: b"900",
        9100: b"<</FT/Sig/Type/Annot/Subtype/Widget/F 132/T(More)/V 9101 0 R/P %b 0 R/Rect %b"
        b"/AP<</N 9102 0 R>>>>" % (page, box),
        9101: b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/Contents<00>"
        b"/ByteRange [0 000000001 000000002 000000003]>>",
        9102: b"<</Type/XObject/Subtype/Form/BBox[0 0 600 900]/Length 16>>"
        b"\nstream\n0 0 600 900 re f\nendstream",
    }
    if b"9001 0 R" not in box:
        del objects[9001], objects[9002]
    made = update(form, objects)
    start = made.rindex(b"<00>")
    ranges = (start, start + 4, len(made) - start - 4)
    stated = b"/ByteRange [0 %d %d %d" % ranges
    place = made.rindex(b"/ByteRange")
    return made[:place] + stated.ljust(made.index(b"]", place) - place) + made[made.index(b"]", place) :]


def test_what_no_table_names_is_refused(form: bytes, verified: Callable[[bytes], SealedPdf]) -> None:
    """A reader that mends a broken table takes the last object of a number for the one that counts."""
    raised = document_stamp(form, LATER)
    catalog = re.findall(rb"\n(\d+) 0 obj\n<<\n/Type /Catalog", form)[-1]
    hidden = b"%% %b 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n" % catalog
    places = [found.start() + 1 for found in re.finditer(rb"\n\d+ 0 obj", raised[len(form) :])]
    between = len(form) + places[0]
    # In front of the first object of the update, whose table then names other places.
    moved = raised[:between] + hidden + raised[between:]
    for changed in (
        moved,
        form + hidden + b"startxref\n0\n%%EOF\n",
        raised + hidden,
        form + b"\n",
        form + b"%",
    ):
        with pytest.raises(RenditionInvalidError):
            verified(changed)
    # In a comment where the table is left as it is.
    comment = hidden.replace(b"\n", b" ")
    padded = _with_hidden(form, comment)
    with pytest.raises(RenditionInvalidError, match="hidden"):
        verified(padded)


@pytest.mark.parametrize(
    "head", [b"5%\n0 obj", b"5 0%x\nobj", b"5 0 %x\r\n obj", b"5 0obj", b"5\n%%\n0\nobj"]
)
def test_an_object_whose_head_is_written_otherwise_is_not_overlooked(
    form: bytes, verified: Callable[[bytes], SealedPdf], head: bytes
) -> None:
    """A comment counts as a space for who reads a PDF, and none is needed before the word."""
    assert verified(_with_hidden(form, b"%word obj")).has_additions
    with pytest.raises(RenditionInvalidError, match="hidden"):
        verified(_with_hidden(form, b"\n" + head + b" <</Type/Catalog>> endobj"))


def _with_hidden(form: bytes, hidden: bytes) -> bytes:
    """Return an update by a library, with a comment in front of it that its table jumps over."""
    begun = form + hidden + b"\n"
    out = IncrementalPdfFileWriter(BytesIO(form))
    out.root[pdf_name("/DSS")] = dictionary({pdf_name("/Type"): pdf_name("/DSS")})
    out.update_root()  # type: ignore[no-untyped-call]
    written = BytesIO()
    out.write(written)  # type: ignore[no-untyped-call]
    update = written.getvalue()[len(form) :]
    moved = len(begun) - len(form)
    update = re.sub(
        rb"(?m)^(\d{10})( 00000 n)", lambda one: b"%010d%b" % (int(one[1]) + moved, one[2]), update
    )
    return begun + re.sub(rb"startxref\n(\d+)", lambda one: b"startxref\n%d" % (int(one[1]) + moved), update)


def test_more_than_validation_data_take_is_not_read(
    form: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    with pytest.raises(RenditionInvalidError, match="more is appended"):
        verified(form + bytes(ADDITIONS_MAX_BYTES + 1))
    with pytest.raises(RenditionInvalidError, match="more updates"):
        verified(form + b"startxref\n0\n%%EOF\n" * 100)


def test_no_different_byte_of_what_is_appended_hides_a_change(
    form: bytes, receipt: bytes, verified: Callable[[bytes], SealedPdf]
) -> None:
    """What is appended is under no seal: another byte of it is refused, or the same is proven as before."""
    raised = long_term(form)
    dice = random.Random(20261128)  # noqa: S311
    for place in dice.sample(range(len(form), len(raised)), 30):
        changed = bytearray(raised)
        changed[place] ^= 1 << dice.randrange(8)
        try:
            found = verified(bytes(changed))
        except RenditionInvalidError:
            continue
        assert (found.receipt, found.sealed_at, found.timestamped_at) == (receipt, SEALED_AT, STAMPED_AT)
