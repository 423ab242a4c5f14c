"""What a receipt says, in words: Spanish first, English beside it, for the form that people read.

Everything is read from the receipt's own XML and nothing else, so the form can be made again from the
receipt alone. Only facts and the articles that attach an effect to them: no advice.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from notigateway.evidence.bilingual import Words, day_and_time, ending
from notigateway.evidence.events import STATES, nature_of
from notigateway.evidence.printable import printable
from notigateway.evidence.statement import POLICIES
from notigateway.law.assurance import Level, Means
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Channel, Nature, State
from notigateway.law.representation import Role
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from lxml.etree import _Element

_POLICIES_OF_SIGNERS: Final = frozenset(list(POLICIES)[:2])


TITLES: Final = {
    State.AVAILABLE: Words("Justificante de puesta a disposición", "Receipt of putting at disposal"),
    State.ACCEPTED: Words("Justificante de aceptación", "Receipt of acceptance"),
    State.REJECTED: Words("Justificante de rechazo", "Receipt of rejection"),
    State.READ: Words("Justificante de entrega del contenido", "Receipt of delivery of the content"),
    State.LAPSED: Words("Justificante de vencimiento del plazo", "Receipt of the end of the term"),
}
# Where the state alone does not say it; what is missing here is titled by its state.
_OWN_TITLES: Final = {
    Nature.REFUSED: Words("Justificante de rechazo en papel", "Receipt of refusal on paper"),
    Nature.EXPIRED: Words(
        "Justificante de vencimiento del plazo en otro canal", "Receipt of the end of the term elsewhere"
    ),
    Nature.PUBLISHED: Words("Justificante de publicación en el BOE", "Receipt of publication in the BOE"),
    Nature.ABSENT: Words("Justificante de intento de entrega", "Receipt of an attempt at delivery"),
    Nature.DECEASED: Words("Justificante de fallecimiento comunicado", "Receipt of a death reported"),
    Nature.INFORMATION: Words(
        "Justificante de lectura a efectos informativos", "Receipt of reading for information"
    ),
}
# Reading for information, after who did it, and that it has no effect.
_READING: Final = (
    Words("leyó, a efectos informativos, el contenido de", "read, for information, the content of"),
    Words(
        "No tiene efecto alguno: la notificación sigue vencida o rechazada y sus plazos no varían.",
        "It has no effect: the notification stays lapsed or rejected, and its terms do not change.",
    ),
)
# What became known of the notification without anybody's doing, and its effect.
_NOTES: Final = {
    Nature.PUBLISHED: (
        Words("se anunció en el «Boletín Oficial del Estado»", "was announced in the Official Gazette (BOE)"),
        Words(
            "La notificación se entiende practicada por ese anuncio (Ley 39/2015, art. 44).",
            "It counts as notified by that announcement (Act 39/2015, art. 44).",
        ),
    ),
    Nature.ABSENT: (
        Words(
            "se intentó entregar en papel y nadie se hizo cargo de ella",
            "was brought on paper and nobody took charge of it",
        ),
        Words(
            "El intento consta y no decide nada (Ley 39/2015, art. 42.2).",
            "The attempt is on record and decides nothing (Act 39/2015, art. 42.2).",
        ),
    ),
    Nature.DECEASED: (
        Words(
            "no pudo entregarse por fallecimiento del destinatario",
            "could not be delivered since the addressee is dead",
        ),
        Words(
            "El hecho consta y no decide nada (RD 203/2021, art. 42.4).",
            "The fact is on record and decides nothing (RD 203/2021, art. 42.4).",
        ),
    ),
}
# What happened, after who did it.
_DEEDS: Final = {
    State.ACCEPTED: Words("aceptó", "accepted"),
    State.REJECTED: Words("rechazó", "rejected"),
    State.READ: Words("recibió el contenido de", "was given the content of"),
}
_EFFECTS: Final = {
    State.AVAILABLE: Words(
        "Con la puesta a disposición se entiende cumplida la obligación de notificar dentro del plazo máximo "
        "del procedimiento (Ley 39/2015, art. 43.3).",
        "By putting it at disposal the duty to notify within the procedure's time limit is deemed fulfilled "
        "(Act 39/2015, art. 43.3).",
    ),
    State.ACCEPTED: Words(
        "La notificación se entiende practicada en ese instante (Ley 39/2015, art. 43.1).",
        "It counts as notified at that instant (Act 39/2015, art. 43.1).",
    ),
    State.REJECTED: Words(
        "El trámite se tiene por efectuado y el procedimiento sigue (Ley 39/2015, art. 41.5).",
        "The step counts as taken and the procedure goes on (Act 39/2015, art. 41.5).",
    ),
    State.READ: Words(
        "La entrega del contenido queda acreditada; no altera la fecha de la notificación.",
        "It proves that the content was delivered; it does not alter the date of the notification.",
    ),
    State.LAPSED: Words(
        "La notificación se entiende rechazada y el trámite efectuado (Ley 39/2015, art. 41.5 y 43.2).",
        "It counts as rejected and the step of notifying as taken (Act 39/2015, art. 41.5 and 43.2).",
    ),
}
ROLES: Final = {
    Role.OWN: Words("en nombre propio", "in its own name"),
    Role.RED: Words("como autorizado RED", "as RED-authorised person"),
    Role.ATTORNEY: Words("como apoderado", "as attorney"),
}
# By its own right, but of somebody else's notification: by the succession that the reference names.
SUCCESSOR: Final = Words("en lugar del destinatario", "in the place of the addressee")
_IN_ITS_PLACE: Final = Words("en lugar", "in the place")
WORKS_FOR_IT: Final = Words("registrado por ella para actuar en su nombre", "registered by it to act for it")
SECONDARY_USER: Final = Words("usuario secundario de la autorización", "secondary user of the authorisation")
MEANS: Final = {
    Means.CERTIFICATE: Words("Certificado electrónico", "Electronic certificate"),
    Means.CLAVE_PERMANENTE: Words("Cl@ve permanente", "Cl@ve permanente"),
    Means.CLAVE_MOVIL: Words("Cl@ve móvil", "Cl@ve móvil"),
    Means.CLAVE_PIN: Words("Cl@ve PIN", "Cl@ve PIN"),
}
LEVELS: Final = {
    Level.LOW: Words("bajo", "low"),
    Level.SUBSTANTIAL: Words("sustancial", "substantial"),
    Level.HIGH: Words("alto", "high"),
}
GROUNDS: Final = {
    Ground.A: Words("entidad, o profesional colegiado", "entity, or professional with membership"),
    Ground.B: Words("incorporación al Sistema RED", "membership of the RED system"),
    Ground.C: Words("prestación por nacimiento o riesgo", "benefit of birth or risk"),
    Ground.D: Words("apoderamiento inscrito", "power inscribed"),
}
PAPERS: Final = {
    Paper.FIRST_EX_OFFICIO: Words(
        "primera de oficio, sin contacto electrónico (RD 203/2021, art. 43.2)",
        "first one ex officio, without electronic contact",
    ),
    Paper.ON_APPEARANCE: Words(
        "comparecencia en oficina (Orden ISM/903/2020, art. 5.2.a)", "appearance in an office"
    ),
    Paper.DIRECT_DELIVERY: Words("entrega directa (Orden ISM/903/2020, art. 5.2.b)", "direct delivery"),
    Paper.URGENCY: Words("inmediatez o celeridad (Orden ISM/903/2020, art. 5.2.c)", "urgency"),
}
CHANNELS: Final = {
    Channel.WEB_SERVICE: Words("Servicio web, petición firmada", "Web service, signed request"),
    Channel.SEDE: Words("Sede electrónica", "Electronic office"),
    Channel.DEHU: Words(
        "DEHú, Dirección Electrónica Habilitada única", "DEHú, the common electronic mailbox"
    ),
    Channel.CITIZEN_FOLDER: Words("Carpeta Ciudadana", "Citizen folder"),
    Channel.POSTAL: Words("Correo postal", "Post"),
    Channel.IN_PERSON: Words("Presencial", "In person"),
}


class Reading:
    """A receipt's XML, read by the names of its elements; every text is printable."""

    def __init__(self, evidence: _Element) -> None:
        self._evidence = evidence

    def find(self, *path: str) -> str | None:
        """Return the text at a path below the root; None where the receipt does not say."""
        text = self._find(*path)
        return None if text is None else printable(text)

    def _find(self, *path: str) -> str | None:
        found = self._evidence.find("/".join(f"{{{EVIDENCE_1}}}{name}" for name in path))
        return None if found is None else found.text or ""

    def get(self, *path: str) -> str:
        """Return the text at a path. Raises: `LookupError` where there is none."""
        text = self.find(*path)
        if text is None:
            raise LookupError(f"the receipt has no {'/'.join(path)}")
        return text

    def instant(self, *path: str) -> datetime | None:
        """Return the instant at a path."""
        text = self._find(*path)
        return None if text is None else datetime.fromisoformat(text)

    def find_part(self, name: str) -> Reading | None:
        """Return the element of that name below the root, to be read by itself; None where there is none."""
        return next(iter(self.each(name)), None)

    def part(self, name: str) -> Reading:
        """Return the element of that name. Raises: `LookupError` where there is none."""
        found = self.find_part(name)
        if found is None:
            raise LookupError(f"the receipt has no {name}")
        return found

    def who(self) -> str:
        """Return who this element names, as `Name (NIF)`; empty where it names nobody."""
        name, identifier = self.find("Name"), self.find("Identifier")
        return f"{name} ({identifier})" if name and identifier else name or identifier or ""

    def each(self, *path: str) -> list[Reading]:
        """Return every element at a path, each to be read by itself."""
        found = self._evidence.findall("/".join(f"{{{EVIDENCE_1}}}{name}" for name in path))
        return [Reading(one) for one in found]

    @property
    def state(self) -> State:
        """Return what the receipt proves."""
        return STATES[self.get("ERDSEventId")]

    @property
    def nature(self) -> Nature | None:
        """Return what it proves where the state alone does not say it."""
        return nature_of(self.get("ERDSEventId"), reported=self.find("Report", "Nature"))

    @property
    def event_time(self) -> datetime:
        """Return when it happened."""
        return datetime.fromisoformat(self._find("EventTime") or "")

    @property
    def names_titles(self) -> bool:
        """Tell whether the delegate is who held the title: under policies 1 and 2 it is who signed."""
        policy = self.get("EvidenceIssuerPolicy", "EvidenceIssuerPolicyID")
        return policy not in _POLICIES_OF_SIGNERS


def title(state: State, nature: Nature | None) -> Words:
    """Return what a receipt is called."""
    own = None if nature is None else _OWN_TITLES.get(nature)
    return own or TITLES[state]


def lead(receipt: Reading) -> Words:
    """Return the one paragraph that says it all: when, who, what, with which effect."""
    state = receipt.state
    when = day_and_time(receipt.event_time)
    number = receipt.get("UserContentInfo", "NotificationCode")
    sender = receipt.get("SenderDetails", "Name")
    addressee = receipt.part("RecipientDetails").who()
    if receipt.nature in _NOTES:
        note, effect = _NOTES[receipt.nature]
        return Words(
            f"El {when.es} (hora peninsular), la notificación n.º {number} de {sender} a {addressee} "
            f"{note.es}. {effect.es}",
            f"On {when.en} (mainland Spanish time) notification no. {number} from {sender} to {addressee} "
            f"{note.en}. {effect.en}",
        )
    effect = _EFFECTS[state]
    if state is State.AVAILABLE:
        return Words(
            f"El {when.es} (hora peninsular), {sender} puso la notificación n.º {number} a disposición de "
            f"{addressee}. {effect.es}",
            f"On {when.en} (mainland Spanish time) {sender} put notification no. {number} at the disposal of "
            f"{addressee}. {effect.en}",
        )
    if state is State.LAPSED:
        end = ending(receipt.event_time)
        then = (
            Words(f"El {when.es}", f"On {when.en}")
            if end is None
            else Words(f"Al {end.es}", f"At the {end.en}")
        )
        return Words(
            f"{then.es} (hora peninsular) terminó, sin acceso al contenido, el plazo de la notificación "
            f"n.º {number} de {sender} a {addressee}. {effect.es}",
            f"{then.en} (mainland Spanish time) the term of notification no. {number} from {sender} to "
            f"{addressee} ended without access to its content. {effect.en}",
        )
    deed, actor = _DEEDS[state], _actor(receipt, addressee)
    if receipt.nature is Nature.INFORMATION:
        deed, effect = _READING
    return Words(
        f"El {when.es} (hora peninsular), {actor.es} {deed.es} la notificación n.º {number} de {sender}. "
        f"{effect.es}",
        f"On {when.en} (mainland Spanish time) {actor.en} {deed.en} notification no. {number} from {sender}. "
        f"{effect.en}",
    )


def _actor(receipt: Reading, addressee: str) -> Words:
    """Return who acted and for whom, as far as the receipt knows."""
    delegate, report = receipt.find_part("DelegateDetails"), receipt.find_part("Report")
    if delegate is None:
        other = (report.who() if report else "") or addressee
        return Words(other, other)
    if not receipt.names_titles:
        return _signer_alone(receipt, delegate, addressee)
    role, actor, person = Role(delegate.get("Role")), delegate.who(), receipt.find_part("SignerDetails")
    # By its own right and by a succession: somebody else than the addressee.
    is_addressee = role is Role.OWN and delegate.find("Reference") is None
    held = Words(addressee, addressee)
    if not is_addressee:
        capacity = _IN_ITS_PLACE if role is Role.OWN else ROLES[role]
        held = Words(f"{actor}, {capacity.es} de {addressee}", f"{actor}, {capacity.en} of {addressee}")
    if person is None or person.get("Identifier") == delegate.get("Identifier"):
        return held if is_addressee else Words(f"{held.es},", f"{held.en},")
    kind = kind_of_signer(person)
    return Words(
        f"{held.es}, por medio de {_with(person.who(), kind.es)},",
        f"{held.en}, through {_with(person.who(), kind.en)},",
    )


def kind_of_signer(person: Reading) -> Words:
    """Return as what the person signed for who held the title; nothing where by a power of its own."""
    if person.find("SecondaryUser"):
        return SECONDARY_USER
    return WORKS_FOR_IT if person.find("Registration") else Words("", "")


def _signer_alone(receipt: Reading, delegate: Reading, addressee: str) -> Words:
    """Return who acted as receipts of policies 1 and 2 tell it: they name who signed, and for whom."""
    signer, role = delegate.who(), Role(delegate.get("Role"))
    if role is not Role.OWN:
        capacity = ROLES[role]
        return Words(
            f"{signer}, {capacity.es} de {addressee},",
            f"{signer}, {capacity.en} of {addressee},",
        )
    if delegate.get("Identifier") == receipt.get("RecipientDetails", "Identifier"):
        return Words(addressee, addressee)
    return Words(f"{addressee}, por medio de {signer},", f"{addressee}, through {signer},")


def _with(who: str, kind: str) -> str:
    return f"{who}, {kind}" if kind else who
