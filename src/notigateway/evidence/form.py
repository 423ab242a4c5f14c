"""What the form of a receipt shows, row by row: the data that the template `rendition.typ` lays out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import segno

from notigateway.evidence.bilingual import Words, day_and_time, ended, precise, until
from notigateway.evidence.printable import printable
from notigateway.evidence.wording import (
    CHANNELS,
    GROUNDS,
    LEVELS,
    MEANS,
    PAPERS,
    ROLES,
    SUCCESSOR,
    Reading,
    kind_of_signer,
    lead,
    title,
)
from notigateway.law.assurance import Level, Means
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ATTACHMENT: Final = "receipt.xml"
_NUMBER_OF: Final = {
    Role.OWN: "sucesión n.º",
    Role.RED: "autorización n.º",
    Role.ATTORNEY: "poder n.º",
}
# A form of the earlier template names the title by itself.
_NO_NUMBERS: Final[Mapping[Role, str]] = {}
_SIGNED: Final = Words("Firmó la petición", "Signed the request")
_SEAL: Final = Words("sello de la entidad", "seal of the entity")
_MASK: Final = 3
_DIGITS: Final = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time-stamp that a receipt had when its form was made: the instant, and by which authority."""

    at: datetime
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The receipt that a form is made from: the hash of its bytes, and the seal certificate on it."""

    sha256: str
    seal_sha256: str
    seal_holder: str
    stamp: Stamp | None = None


def form_data(receipt: Reading, original: Original, verify_url: str | None) -> dict[str, Any]:
    """Return everything that the template shows, each text printable."""
    csv_code = receipt.find("HumanRendition", "CsvCode")
    link = None if verify_url is None or csv_code is None else f"{verify_url}?csv={csv_code}"
    return {
        "at": receipt.get("EventTime"),
        "title": asdict(title(receipt.state, receipt.nature)),
        "lead": asdict(lead(receipt)),
        "receipt_id": receipt.get("EvidenceIdentifier"),
        "sender": receipt.get("SenderDetails", "Name"),
        # In fours, for eyes; the page takes it with and without.
        "csv": csv_code and "-".join(csv_code[start : start + 4] for start in range(0, len(csv_code), 4)),
        "verify_url": None if link is None else verify_url,
        "qr": None if link is None else _qr(link),
        "what": _tables(
            (Words("Hecho", "Fact"), _fact(receipt)),
            (Words("Notificación", "Notification"), _notification(receipt)),
            (Words("Intervinientes", "Parties"), _parties(receipt)),
        ),
        "how": _tables(
            (Words("Canal e identificación", "Channel and identification"), _channel(receipt)),
            (Words("Justificante", "Receipt"), _receipt(receipt, original)),
        ),
        "documents": [
            {
                "media_type": one.get("MediaType"),
                "id": one.get("DocumentId"),
                "size": _DIGITS.sub("\u00a0", one.get("Size")),
                "sha256": one.get("Sha256"),
            }
            for one in receipt.each("UserContentInfo", "Document")
        ],
        "steps": [asdict(step) for step in _steps(has_page=link is not None)],
    }


# --- the rows of each table -----------------------------------------------------------------------

_Row = dict[str, Any]


def _tables(*tables: tuple[Words, list[_Row]]) -> list[dict[str, Any]]:
    """Return the tables with the rows that have something to say."""
    said = [(title, [row for row in rows if row["value"]]) for title, rows in tables]
    return [{"title": asdict(title), "rows": rows} for title, rows in said if rows]


@dataclass(frozen=True, slots=True)
class _English:
    """A note in English: the form marks it, for who has it read aloud."""

    text: str


_Note = str | _English | None


def _row(label: Words, value: str | None, *notes: _Note, code: bool = False) -> _Row:
    said = [
        {"text": note.text, "en": True} if isinstance(note, _English) else {"text": note, "en": False}
        for note in notes
        if note
    ]
    return {"label": asdict(label), "value": value, "notes": said, "code": code}


def _at(label: Words, instant: datetime | None) -> _Row:
    """Return a row that says when, to the millisecond and beyond doubt."""
    return _row(label, None) if instant is None else _row(label, day_and_time(instant).es, precise(instant))


def _over(label: Words, words: Words | None, instant: datetime | None, rule: str | None = None) -> _Row:
    """Return a row that says when something is over, in words of its own in both languages."""
    if instant is None or words is None:
        return _row(label, None)
    return _row(label, words.es, _English(words.en), precise(instant), rule)


def _who(label: Words, party: Reading | None, *notes: _Note) -> _Row:
    """Return a row that says who."""
    return _row(label, None if party is None else party.who(), *notes)


def _fact(receipt: Reading) -> list[_Row]:
    label, instant = Words("Instante", "Instant"), receipt.event_time
    is_over = receipt.state is State.LAPSED
    return [
        _over(label, ended(instant), instant) if is_over else _at(label, instant),
        _row(Words("Motivo alegado", "Reason given"), receipt.find("EventReasons", "Reason")),
        _row(Words("Regla aplicada", "Rule applied"), receipt.find("EventReasons", "RuleId"), code=True),
        _at(
            Words("Comunicado por el órgano", "Reported by the body"), receipt.instant("Report", "ReportedAt")
        ),
        _at(Words("Primer intento", "First attempt"), receipt.instant("Report", "FirstAttemptAt")),
    ]


def _notification(receipt: Reading) -> list[_Row]:
    content, deadline = receipt.part("UserContentInfo"), receipt.instant("Deadline", "ExpiresAt")
    return [
        _row(Words("Asunto", "Subject"), content.get("Subject")),
        _row(Words("Número", "Number"), content.get("NotificationCode"), content.get("NotificationId")),
        _row(Words("Referencia del acto", "Reference of the act"), content.get("ActReference")),
        _row(Words("Procedimiento (SIA)", "Procedure (SIA)"), content.get("Procedure")),
        _row(Words("Materia", "Matter"), content.find("Matter")),
        _row(Words("Cuenta de cotización (CCC)", "Contribution account (CCC)"), content.find("Ccc")),
        _row(Words("Número de afiliación (NAF)", "Affiliation number (NAF)"), content.find("Naf")),
        *(
            _row(Words("Dato del órgano", "Said by the body"), f"{one.get('Key')}: {one.get('Value')}")
            for one in content.each("Metadata")
        ),
        _at(Words("Puesta a disposición", "Put at disposal"), receipt.instant("SubmissionTime")),
        _over(
            Words("Plazo de acceso", "Term for access"),
            None if deadline is None else until(deadline),
            deadline,
            receipt.find("Deadline", "RuleId"),
        ),
        _row(Words("Obligado por", "Obliged by"), _ground(receipt), "Orden ISM/903/2020, art. 4.1"),
        _row(Words("Practicada en papel", "Practised on paper"), *_paper(receipt)),
        *map(_outage, receipt.each("ServiceAvailability", "Outage")),
    ]


def _ground(receipt: Reading) -> str | None:
    """Return why the addressee was obliged, with its letter."""
    ground = receipt.find("Obligation", "Ground")
    return None if ground is None else f"{ground}) {GROUNDS[Ground(ground)].es}"


def _paper(receipt: Reading) -> tuple[str | None, _Note]:
    """Return why it is practised on paper, in both languages."""
    paper = receipt.find("Obligation", "Paper")
    return (None, None) if paper is None else (PAPERS[Paper(paper)].es, _English(PAPERS[Paper(paper)].en))


def _outage(outage: Reading) -> _Row:
    began, over = outage.instant("StartedAt"), outage.instant("EndedAt")
    said = [] if began is None else [day_and_time(began).es]
    said += [] if over is None else [ended(over).es]
    return _row(Words("Interrupción del servicio", "Outage of the service"), " / ".join(said))


def _parties(receipt: Reading) -> list[_Row]:
    sender = receipt.part("SenderDetails")
    return [
        _who(Words("Órgano emisor", "Issuing body"), sender, f"DIR3 {sender.get('Dir3')}"),
        _who(Words("Destinatario", "Addressee"), receipt.part("RecipientDetails")),
        _who(Words("En lugar de", "In the place of"), receipt.find_part("PredecessorDetails")),
        *_actors(receipt, receipt.find_part("DelegateDetails"), receipt.find_part("SignerDetails")),
        _who(Words("Actuó en otro canal", "Acted in another channel"), receipt.find_part("Report")),
    ]


def _actors(receipt: Reading, delegate: Reading | None, person: Reading | None) -> list[_Row]:
    """Return who held the title and who signed, each in a row; of an entity's seal there is no person."""
    if delegate is None:
        return []
    if not receipt.names_titles:
        return [_who(_SIGNED, delegate, *_capacity(delegate))]
    kind = kind_of_signer(person) if person else None
    said = _both(kind) if kind and kind.es else ()
    return [
        _who(Words("Actuó", "Acted"), delegate, *_capacity(delegate, number_of=_NUMBER_OF)),
        _who(_SIGNED, person, *said) if person else _who(_SIGNED, delegate, *_both(_SEAL)),
    ]


def _both(words: Words) -> tuple[_Note, ...]:
    return words.es, _English(words.en)


def _capacity(delegate: Reading, *, number_of: Mapping[Role, str] = _NO_NUMBERS) -> tuple[_Note, ...]:
    """Return the capacity, and the number of the title behind what it is the number of."""
    role, title = Role(delegate.get("Role")), delegate.find("Reference")
    words = SUCCESSOR if role is Role.OWN and title is not None else ROLES[role]
    return *_both(words), None if title is None else f"{number_of.get(role, '')} {title}".strip()


def _channel(receipt: Reading) -> list[_Row]:
    label, channel = Words("Canal", "Channel"), receipt.find("Channel")
    words = None if channel is None else CHANNELS[Channel(channel)]
    return [
        _row(label, None) if words is None else _row(label, words.es, _English(words.en)),
        *_authentication(
            receipt.find_part("ActorAuthentication"), is_report=receipt.find_part("Report") is not None
        ),
        _row(
            Words("Petición firmada, SHA-256", "Signed request, SHA-256"),
            receipt.find("RequestEvidence", "EnvelopeSha256"),
            receipt.find("RequestEvidence", "MessageId"),
            code=True,
        ),
        _row(
            Words("Evidencia del otro canal", "Evidence of the other channel"),
            receipt.find("Report", "Reference"),
        ),
    ]


def _authentication(proof: Reading | None, *, is_report: bool) -> list[_Row]:
    if proof is None:
        return []
    signer = Words("Certificado del firmante", "Signer's certificate")
    body = Words("Certificado de quien lo comunicó", "Certificate of who reported it")
    return [
        _row(
            body if is_report else signer,
            proof.get("CertificateSha256"),
            f"{proof.get('Issuer')} · n.º {proof.get('Serial')}",
            code=True,
        ),
        _access(proof.find("Means"), proof.find("Level")),
        _at(Words("Validado", "Validated"), proof.instant("ValidationTime")),
        _row(
            Words("Estado de revocación", "Revocation status"),
            proof.find("RevocationSource"),
            proof.find("RevocationSha256"),
        ),
    ]


def _access(means: str | None, level: str | None) -> _Row:
    """Return by which means it was accessed; receipts of policies 1 and 2 do not say."""
    words = Words("Medio de acceso", "Means of access")
    if means is None or level is None:
        return _row(words, None)
    said, sure = MEANS[Means(means)], LEVELS[Level(level)]
    return _row(words, f"{said.es}, nivel {sure.es}", _English(f"{said.en}, level {sure.en}"))


def _receipt(receipt: Reading, original: Original) -> list[_Row]:
    return [
        _who(Words("Emitido por", "Issued by"), receipt.find_part("EvidenceIssuerDetails")),
        _row(Words("XML original, SHA-256", "Original XML, SHA-256"), original.sha256, code=True),
        _row(
            Words("Certificado de sello", "Seal certificate"),
            original.seal_sha256,
            printable(original.seal_holder),
            code=True,
        ),
        *_stamped(original.stamp),
        _row(
            Words("Política", "Policy"),
            receipt.find("EvidenceIssuerPolicy", "EvidenceIssuerPolicyID"),
            code=True,
        ),
        _row(
            Words("Justificante anterior", "Previous receipt"),
            receipt.find("PreviousEvidence", "EvidenceIdentifier"),
            receipt.find("PreviousEvidence", "Sha256"),
            code=True,
        ),
    ]


def _stamped(stamp: Stamp | None) -> list[_Row]:
    """Return by whose clock the seal on the XML existed when; it stands in the XML in its raised form."""
    if stamp is None:
        return []
    label = Words("Sello de tiempo del XML", "Time-stamp of the XML")
    return [_row(label, day_and_time(stamp.at).es, precise(stamp.at), printable(stamp.authority))]


def _steps(*, has_page: bool) -> list[Words]:
    """Return how whoever holds the form checks it."""
    page = Words(
        "Escanee el código QR, o abra la dirección del pie, e indique el CSV y el NIF del destinatario: se "
        "muestra qué hecho consta y su fecha.",
        "Scan the QR code, or open the address in the footer, and give the CSV and the addressee's NIF: it "
        "shows which fact is on record and when.",
    )
    rest = [
        Words(
            f"El original es el archivo {ATTACHMENT} adjunto a este PDF (panel de adjuntos del visor). Su "
            "SHA-256 debe ser el indicado arriba. Este PDF es su forma legible y lleva el mismo sello.",
            f"The original is the file {ATTACHMENT} attached to this PDF (attachments of the viewer). Its "
            "SHA-256 must be the one above. This PDF is its readable form and carries the same seal.",
        ),
        Words(
            "Sin red y sin el servicio: notigateway-verify ARCHIVO --trust CARPETA comprueba sello, "
            "política, cadena y registro de este PDF, del XML o del paquete de evidencia.",
            "Without network or service: notigateway-verify FILE --trust FOLDER checks seal, policy, chain "
            "and log of this PDF, of the XML or of the evidence bundle.",
        ),
        Words(
            "Los documentos notificados son los que tengan el SHA-256 indicado: compárelo con el de sus "
            "archivos.",
            "The documents notified are those with the SHA-256 given: compare it with that of your files.",
        ),
    ]
    return [page, *rest] if has_page else rest


def _qr(link: str) -> str:
    """Return a QR code as SVG, error correction M: a folded page still scans.

    The mask is always the same: weighing all eight takes longer than all else that is said of a receipt,
    and readers take any (ISO/IEC 18004 §7.8).
    """
    image = BytesIO()
    segno.make(link, error="m", micro=False, mask=_MASK).save(image, kind="svg", xmldecl=False, border=0)
    return image.getvalue().decode()
