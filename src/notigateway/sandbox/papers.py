"""The sandbox's documents: real PDF files, each different, the same bytes for the same fields.

fpdf2 sets each number of pages once, with marks of a fixed width in uncompressed text; a document
is that template with the marks overwritten at their places. So a thousand documents take
milliseconds, and every offset inside the file stays right. The templates are kept in the user's cache.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from notigateway.sandbox.cache import Cache, digest_of
from notigateway.sandbox.clock import machine_time

# A page of text has some 6 kB: documents of 6 to 60 kB.
PAGE_COUNTS: Final = (1, 1, 2, 2, 3, 4, 5, 6, 8, 10)

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LINES_PER_PAGE: Final = 46
_LINE_HEIGHT_MM: Final = 5.4
_WIDTHS: Final = {"reference": 40, "subject": 120, "body": 80, "addressee": 80, "amount": 24}
_TEXT: Final = (
    "DOCUMENTO DE PRUEBA SIN VALOR ADMINISTRATIVO. Las personas, los hechos y los importes son ficticios.",
    "Examinado el expediente de referencia y vistos los antecedentes que obran en esta unidad, consta que",
    "los datos consignados en el presente documento proceden de los registros del sistema de pruebas.",
    "De acuerdo con la normativa aplicable, el acto se pone a disposición de la persona interesada por",
    "medios electrónicos y se entenderá practicado en el momento en que se acceda a su contenido.",
    "Transcurridos diez días naturales desde la puesta a disposición sin que se acceda al contenido, la",
    "notificación se entenderá rechazada y se tendrá por efectuado el trámite.",
    "Contra el acto que se notifica podrán interponerse los recursos que procedan en los plazos previstos.",
)


def make_paper(page_count: int, **fields: str) -> bytes:
    """Return a PDF of that many pages; `fields` are those of `_WIDTHS`, in Latin-1.

    Raises `ValueError` for a text that is too long or not in Latin-1.
    """
    paper = _template(page_count)
    for name, width in _WIDTHS.items():
        paper = paper.replace(_mark(name), _escaped(fields[name], width))
    return paper


def _mark(name: str) -> bytes:
    return f"@{name}".ljust(_WIDTHS[name], "@").encode()


def _escaped(text: str, width: int) -> bytes:
    """Return the text as it stands in a PDF string literal, filled up to the width of its mark."""
    literal = text.encode("latin-1").translate(None, b"\r\n")
    for special in (b"\\", b"(", b")"):
        literal = literal.replace(special, b"\\" + special)
    if len(literal) > width:
        raise ValueError("the text is longer than its place in the document")
    return literal.ljust(width)


@cache
def _template(page_count: int) -> bytes:
    kept = _kept().get(str(page_count))
    return _set(page_count) if kept is None else kept


@cache
def _kept() -> dict[str, bytes]:
    """Return the templates by their numbers of pages; none where nothing is kept."""
    name = f"papers-{digest_of(Path(__file__), version('fpdf2'))}"
    return Cache.of(os.environ).files(name, _set_all, now=machine_time()) or {}


def _set_all(folder: Path) -> None:
    for page_count in set(PAGE_COUNTS):
        (folder / str(page_count)).write_bytes(_set(page_count))


def _set(page_count: int) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415  (only who sets the first template waits for it)
    from fpdf.enums import XPos, YPos  # noqa: PLC0415

    pdf = FPDF()
    pdf.set_compression(compress=False)
    pdf.set_creation_date(_CREATED)
    pdf.set_producer("notigateway sandbox")
    pdf.set_lang("es")
    pdf.set_font("Helvetica", size=9)
    for page in range(1, page_count + 1):
        pdf.add_page()
        for line in _page(page, page_count):
            pdf.cell(0, _LINE_HEIGHT_MM, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(pdf.output())


def _page(page: int, page_count: int) -> list[str]:
    head = [_mark(name).decode() for name in ("body", "reference", "addressee", "subject")]
    head += [f"Importe: {_mark('amount').decode()}", f"Página {page} de {page_count}", ""]
    rest = (f"{page}.{number}  {_TEXT[number % len(_TEXT)]}" for number in range(_LINES_PER_PAGE - len(head)))
    return [*head, *rest]
