"""The form for people says what the receipt says, whatever the receipt says."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from notigateway.evidence.element import render
from notigateway.evidence.form import Stamp
from notigateway.evidence.printable import printable
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.statement import (
    POLICY_ID,
    DelegateDetails,
    PreviousEvidence,
    ReportDetails,
    SignerDetails,
    StatedMetadata,
    Statement,
)
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role
from sealing import CarelessSeal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.evidence.sealing import Seal
    from notigateway.pki.keys import KeyPair

PAGE = "https://notificaciones.example/notigateway/verify"
TEMPTING = '#let x = 1; *no* "q" $x$ `r` @ref <b> // c /* \\u{41} #sys.inputs \\'


def sealed(seal: Seal, statement: Statement) -> bytes:
    return seal.seal(render(statement), statement.event_time, now=statement.event_time)


def words(pdf: bytes) -> str:
    """Return the text of a form as an independent reader finds it, without its line breaks."""
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]
    return re.sub(r"\s+", "", "".join(pages))


def lines(pdf: bytes) -> list[str]:
    """Return the text of a form as it is copied, line by line."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).splitlines()


def elements(pdf: bytes) -> Iterator[Any]:
    """Walk through the structure of a form, as a program walks that reads it aloud."""
    root: Any = PdfReader(BytesIO(pdf)).root_object
    left = [root["/StructTreeRoot"]["/K"]]
    while left:
        one = left.pop().get_object()
        if isinstance(one, dict):
            yield one
            one = one.get("/K", [])
        left += [child for child in one if isinstance(child, IndirectObject)] if isinstance(one, list) else []


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_form_is_pdf_a_3_with_the_original_attached_as_its_source(receipt: bytes) -> None:
    root: Any = PdfReader(BytesIO(render_pdf(receipt, verify_url=PAGE))).root_object

    metadata = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part>3<", metadata)
    assert re.search(r"pdfaid:conformance>A<", metadata)
    (attached,) = root["/AF"]
    assert attached["/AFRelationship"] == "/Source"
    assert attached["/UF"] == "receipt.xml"
    assert attached["/EF"]["/F"].get_object().get_data() == receipt
    assert root["/Lang"] == "es-ES"


def test_the_form_is_pdf_ua_1_and_shows_its_title(receipt: bytes) -> None:
    root: Any = PdfReader(BytesIO(render_pdf(receipt, verify_url=PAGE))).root_object

    assert re.search(r"pdfuaid:part>1<", root["/Metadata"].get_object().get_data().decode())
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"]


def test_each_row_has_its_head_and_each_column_of_the_documents(receipt: bytes) -> None:
    rows = [one for one in elements(render_pdf(receipt)) if one["/S"] == "/TR"]
    cells = [[cell.get_object() for cell in row["/K"]] for row in rows]
    heads = [[(cell["/S"], cell["/A"][0].get("/Scope")) for cell in row] for row in cells]

    assert len(rows) > 15
    assert heads.count([("/TH", "/Column")] * 3) == 1
    for found in heads:
        assert found[0] == ("/TH", "/Column" if found[1][0] == "/TH" else "/Row")
        assert all(kind == "/TD" for kind, _ in found[1:]) or found[1][0] == "/TH"


def test_english_is_marked_as_english(receipt: bytes) -> None:
    reader = PdfReader(BytesIO(render_pdf(receipt)))
    said: Any = reader.root_object
    contents = b"".join(page.get_contents().get_data() for page in reader.pages)  # type: ignore[union-attr]

    assert said["/Lang"] == "es-ES"
    tagged = {one.get("/Lang") for one in elements(render_pdf(receipt))}
    tagged |= {one.decode() for one in re.findall(rb"/Lang\(([^)]*)\)", contents)}
    assert tagged == {None, "en-GB"}
    assert contents.count(b"/Lang(en-GB)") > 20


def test_every_hash_and_identifier_can_be_copied_and_searched(seal: Seal, accepted: Statement) -> None:
    authentication, request = accepted.authentication, accepted.request
    assert authentication is not None
    assert request is not None
    serial = str(2**159)
    statement = replace(
        accepted,
        csv_code="ABCDEFGHIJKLMNOPQRSTUVWX",
        authentication=replace(
            authentication, serial=serial, revocation_source="OCSP", revocation_sha256="d" * 64
        ),
        previous=PreviousEvidence(evidence_id=UUID(int=7), sha256="e" * 64),
    )

    pdf = render_pdf(sealed(seal, statement), verify_url=PAGE)
    found = lines(pdf)

    for one in (
        "b" * 64,
        "c" * 64,
        "d" * 64,
        "e" * 64,
        serial,
        *(f"{number:064x}" for number in (1, 2)),
        str(UUID(int=7)),
        str(accepted.evidence_id),
        str(accepted.content.notification_id),
        str(request.message_id),
        "ABCD-EFGH-IJKL-MNOP-QRST-UVWX",
        PAGE,
        POLICY_ID,
    ):
        assert any(one in line for line in found), one
    assert not re.search("[\u00ad\u200b-\u200f\u2060\ufeff]", "".join(found))


def test_poppler_finds_every_hash_too(receipt: bytes, tmp_path: Path) -> None:
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("poppler-utils is not installed")
    file = tmp_path / "form.pdf"
    file.write_bytes(render_pdf(receipt))

    done = subprocess.run([pdftotext, file, "-"], capture_output=True, text=True, timeout=30, check=True)

    for one in ("b" * 64, "c" * 64, f"{1:064x}", "01931e7c-5c00-7cc3-98c4-dc0c0c073990"):
        assert one in done.stdout


def test_a_term_that_is_over_at_midnight_runs_until_the_end_of_the_day_before(
    seal_pair: KeyPair, accepted: Statement
) -> None:
    midnight = datetime(2026, 4, 5, 22, tzinfo=UTC)
    lapse = replace(accepted, event=State.LAPSED, event_time=midnight, deadline=midnight, delegate=None)

    for statement, said in (
        (accepted, ["hasta el final del 5 de abril de 2026", "until the end of 5 April 2026"]),
        (
            lapse,
            [
                "Al final del 5 de abril de 2026 (hora peninsular) terminó",
                "At the end of 5 April 2026 (mainland Spanish time) the term",
                "2026-04-05T22:00:00.000Z",
            ],
        ),
        (
            replace(accepted, deadline=midnight + timedelta(hours=12)),
            ["hasta el 6 de abril de 2026, 12:00:00,000", "until 6 April 2026, 12:00:00.000"],
        ),
    ):
        text = words(render_pdf(sealed(CarelessSeal(seal_pair), statement)))
        assert all(squeezed(one) in text for one in said), said
        assert squeezed("abril de 2026, 00:00") not in text


def test_the_time_stamp_of_the_receipt_is_named(receipt: bytes) -> None:
    at = datetime(2026, 3, 29, 2, 0, 30, tzinfo=UTC)

    text = words(render_pdf(receipt, stamp=Stamp(at, "CN=Sellos de tiempo,C=ES")))

    for said in ("Sello de tiempo del XML", "29 de marzo de 2026, 04:00:30,000", "CN=Sellos de tiempo,C=ES"):
        assert squeezed(said) in text
    assert squeezed("Sello de tiempo del XML") not in words(render_pdf(receipt))


def test_every_font_is_embedded(receipt: bytes) -> None:
    reader = PdfReader(BytesIO(render_pdf(receipt)))

    pages: Any = reader.pages
    fonts = [font for page in pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_the_same_receipt_gives_the_same_bytes(receipt: bytes) -> None:
    assert render_pdf(receipt, verify_url=PAGE) == render_pdf(receipt, verify_url=PAGE)


def test_the_form_says_who_what_when_by_which_rule_and_channel(receipt: bytes) -> None:
    text = words(render_pdf(receipt, verify_url=PAGE))

    for said in (
        "Justificante de aceptación",
        "Receipt of acceptance",
        "El 29 de marzo de 2026, 03:59:59,123 (hora peninsular), Pérez & Hijos <SL> (B00000000)",
        "La notificación se entiende practicada en ese instante (Ley 39/2015, art. 43.1).",
        "2026-03-29T01:59:59.123Z",
        "Tesorería General (S2819001E)",
        "Servicio web, petición firmada",
        "en nombre propio",
        "CN=Issuing CA,C=ES",
        "c" * 64,
        f"{1:064x}",
        f"{2:064x}",
        "01931e7c-5c00-7cc3-98c4-dc0c0c07398f",
        "ley39/2015:43.2",
        "notigateway-verify",
    ):
        assert squeezed(said) in text


def test_the_form_says_what_routes_the_act_where_the_receipt_does(
    seal: Seal, receipt: bytes, accepted: Statement
) -> None:
    routed = replace(
        accepted.content,
        matter="collection",
        ccc="28123456742",
        naf="281234567840",
        metadata=(StatedMetadata(key="period", value="2026-01"), StatedMetadata(key="#x", value="*no*")),
    )
    text = words(render_pdf(sealed(seal, replace(accepted, content=routed))))
    for said in ("Materia", "collection", "(CCC)", "28123456742", "(NAF)", "period: 2026-01", "#x: *no*"):
        assert squeezed(said) in text
    assert "Materia" not in words(render_pdf(receipt))


@pytest.mark.parametrize(
    ("state", "role"),
    [
        (State.AVAILABLE, None),
        (State.ACCEPTED, Role.ATTORNEY),
        (State.REJECTED, Role.RED),
        (State.READ, Role.OWN),
        (State.LAPSED, None),
    ],
)
def test_every_fact_has_its_sentence(
    seal: Seal, accepted: Statement, state: State, role: Role | None
) -> None:
    delegate = None if role is None or accepted.delegate is None else replace(accepted.delegate, role=role)
    statement = replace(accepted, event=state, delegate=delegate)

    text = words(render_pdf(sealed(seal, statement)))

    assert "Justificantede" in text
    assert squeezed("notificación n.º 2147483647") in text
    assert squeezed("Pérez & Hijos <SL> (B00000000)") in text
    if role is Role.ATTORNEY:
        assert squeezed("Ana Ñuñez (00000000T), como apoderado de Pérez & Hijos") in text


def test_a_secondary_user_is_named_beside_the_holder_of_the_authorisation(
    seal: Seal, accepted: Statement
) -> None:
    holder = DelegateDetails(role=Role.RED, identifier="B12345674", name="Gestoría SL", reference="123456")
    person = SignerDetails(identifier="00000001R", name="Ana García", secondary_user=True)

    text = words(render_pdf(sealed(seal, replace(accepted, delegate=holder, signer=person))))

    for said in (
        "Gestoría SL (B12345674), como autorizado RED de Pérez & Hijos <SL> (B00000000), por medio de",
        "Ana García (00000001R), usuario secundario de la autorización, aceptó la notificación",
        "como autorizado RED · as RED-authorised person · autorización n.º 123456",
        "usuario secundario de la autorización · secondary user of the authorisation",
    ):
        assert squeezed(said) in text


@pytest.mark.parametrize("person", [None, SignerDetails(identifier="00000001R", name="Ana García")])
def test_a_successor_acts_in_the_place_of_the_addressee_who_did_nothing(
    seal: Seal, accepted: Statement, person: SignerDetails | None
) -> None:
    successor = DelegateDetails(role=Role.OWN, identifier="B12345674", name="Sucesora SL", reference="S-1")

    text = words(render_pdf(sealed(seal, replace(accepted, delegate=successor, signer=person))))

    through = "" if person is None else "por medio de Ana García (00000001R),"
    by_whom = "Sucesora SL (B12345674), en lugar de Pérez & Hijos <SL> (B00000000),"
    assert squeezed(f"{by_whom} {through} aceptó la notificación") in text
    assert squeezed("Sucesora SL (B12345674), in the place of Pérez & Hijos <SL> (B00000000),") in text
    assert squeezed("en lugar del destinatario · in the place of the addressee · sucesión n.º S-1") in text


def test_a_decision_in_another_channel_names_it_and_its_report(seal: Seal, accepted: Statement) -> None:
    report = ReportDetails(
        reported_at=accepted.event_time + timedelta(hours=23),
        reference="EXP-7",
        identifier="00000000T",
        name="Ana Ñuñez",
    )
    statement = replace(accepted, channel=Channel.POSTAL, delegate=None, authentication=None, report=report)

    text = words(render_pdf(seal.seal(render(statement), report.reported_at, now=report.reported_at)))

    for said in ("Correo postal", "EXP-7", "30 de marzo de 2026", "Ana Ñuñez (00000000T) aceptó"):
        assert squeezed(said) in text


def test_markup_in_a_text_is_shown_and_never_followed(seal: Seal, accepted: Statement) -> None:
    content = replace(accepted.content, subject=TEMPTING)
    statement = replace(accepted, reason=TEMPTING, content=content)

    text = words(render_pdf(sealed(seal, statement)))

    assert text.count(squeezed(TEMPTING)) == 2


def test_a_very_long_word_stays_on_the_page(seal: Seal, accepted: Statement) -> None:
    statement = replace(accepted, content=replace(accepted.content, subject="Ñ" * 255))

    pdf = render_pdf(sealed(seal, statement))

    assert "Ñ" * 255 in words(pdf)
    lines = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).splitlines()
    assert 10 < max(line.count("Ñ") for line in lines) < 100


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ana Ñúñez, S.L. · 5 € «cinco»", "Ana Ñúñez, S.L. · 5 € «cinco»"),
        ("e\u0301", "é"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb\u00ad", "a[U+200B]b[U+00AD]"),
        ("\x85\x07", "[U+0085][U+0007]"),
        ("line\r\nnext\tcolumn\r", "line\nnext column[U+000D]"),
        ("שלום", "שלום"),
        ("م\U0001f600", "[U+0645][U+1F600]"),
    ],
)
def test_what_cannot_be_shown_safely_is_written_as_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_every_character_that_is_let_through_has_a_glyph(seal: Seal, accepted: Statement) -> None:
    shown = [chr(code) for code in range(0x20, 0x2200) if printable(chr(code)) == chr(code)]
    statement = replace(
        accepted, reason=" ".join(shown), content=replace(accepted.content, subject="".join(shown))
    )

    assert len(shown) > 1_100
    assert render_pdf(sealed(seal, statement)).startswith(b"%PDF-")  # PDF/A refuses a missing glyph


# What XML 1.0 can hold; most of it is not Latin.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]).filter(
        lambda c: c in "\t\n\r" or " " <= c < "\ufffe" or c > "\uffff"
    ),
    max_size=300,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=XML_TEXT, subject=st.text(st.sampled_from('א ת b\n𝒙ك\u0301\u202e#*"\\ш$-.1'), max_size=200))
def test_any_text_that_xml_holds_can_be_printed(
    seal: Seal, accepted: Statement, name: str, subject: str
) -> None:
    statement = replace(
        accepted,
        reason=name,
        recipient=replace(accepted.recipient, name=name),
        content=replace(accepted.content, subject=subject),
    )

    assert render_pdf(sealed(seal, statement)).startswith(b"%PDF-")
