"""The words of notices: the data that identify a notification (Orden ISM/903/2020 art. 8.2), and no more.

Plain text; never content, never a link that decides, and of data of a special category only that there is
something. A message says that it decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.law.contacts import NoticeKind, NoticeLanguage
from notigateway.law.deadlines import MADRID
from notigateway.law.lifecycle import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_SUBJECT_MAX: Final = 150
_LANGUAGES: Final = {
    NoticeLanguage.SPANISH: ("es",),
    NoticeLanguage.ENGLISH: ("en",),
    NoticeLanguage.BOTH: ("es", "en"),
}


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What one notice tells; of a notification or of a title, whatever is known of it."""

    kind: NoticeKind
    at: datetime
    deadline: datetime | None = None
    addressee: str = ""
    addressee_name: str = ""
    is_communication: bool = False
    is_special: bool = False
    subject: str = ""
    reference: str = ""
    body: str = ""
    # Of a title: whose it was, by which number or for what.
    holder: str = ""
    holder_name: str = ""
    what: str = ""


@dataclass(frozen=True)
class Words:
    """A message: its subject in one line, its text in several."""

    subject: str
    text: str


def write(tellings: Sequence[Telling], language: NoticeLanguage, *, page: str = "") -> Words:
    """Return the message that tells these, in the order in which they came."""
    languages = _LANGUAGES[language]
    subject = _subject(tellings, languages[0])
    return Words(subject, "\n\n".join(_text(tellings, one, page) for one in languages) + "\n")


def _subject(tellings: Sequence[Telling], language: str) -> str:
    texts = _TEXTS[language]
    if len(tellings) > 1:
        return str(texts["several"].format(count=len(tellings)))
    (one,) = tellings
    words = f"{texts[_key(one)]}: {one.addressee_name or one.addressee}"
    return _line(words)[:_SUBJECT_MAX]


def _text(tellings: Sequence[Telling], language: str, page: str) -> str:
    texts = _TEXTS[language]
    parts = [texts["head"]]
    for key in _ORDER:
        those = [one for one in tellings if _key(one) == key]
        if those:
            parts.append(f"{texts[key]} ({len(those)})" if len(tellings) > 1 else texts[key])
            if key in texts["effects"]:
                parts.append(texts["effects"][key])
            parts += [_entry(one, texts) for one in those]
    parts.append(texts["foot"])
    if page:
        parts.append(texts["page"].format(page=page))
    return "\n\n".join(parts)


_ORDER: Final = ("deadline", "notification", "communication", "red_ended", "power_ended")


def _key(one: Telling) -> str:
    if one.kind is NoticeKind.AVAILABLE:
        return "communication" if one.is_communication else "notification"
    return str(one.kind)


def _entry(one: Telling, texts: Texts) -> str:
    """Return the lines of one: label and value, nothing that could be followed."""
    lines = [("addressee", f"{one.addressee_name} ({one.addressee})")]
    if one.kind in {NoticeKind.AVAILABLE, NoticeKind.DEADLINE}:
        lines += [
            ("body", one.body),
            ("subject", texts["special"] if one.is_special else one.subject),
            ("reference", one.reference),
            ("available", _instant(one.at)),
        ]
        if one.deadline is not None:
            lines.append(("last_day", _last_day(one.deadline)))
    else:
        lines += [
            (f"{one.kind}_holder", f"{one.holder_name} ({one.holder})"),
            (f"{one.kind}_what", one.what),
            ("ended", _instant(one.at)),
        ]
    return "\n".join(f"  {texts[label]}: {_line(value)}" for label, value in lines if value)


def _line(value: str) -> str:
    """Return a text in one line, whatever stands in it."""
    return " ".join(value.split())


def _instant(at: datetime) -> str:
    return f"{at.astimezone(MADRID):%d/%m/%Y %H:%M} (Europe/Madrid)"


def _last_day(deadline: datetime) -> str:
    return f"{(deadline - timedelta(microseconds=1)).astimezone(MADRID):%d/%m/%Y}"


def is_communication(kind: Kind | None) -> bool:
    """Tell whether what is told of has no legal effect."""
    return kind is Kind.COMMUNICATION


class Texts(dict[str, Any]):
    """The words of one language."""


_TEXTS: Final = {
    "es": Texts(
        head=(
            "Aviso informativo de notificaciones electrónicas de la Seguridad Social "
            "(art. 41.6 de la Ley 39/2015)."
        ),
        several="Avisos de notificaciones electrónicas: {count}",
        notification="Notificación puesta a disposición",
        communication="Comunicación puesta a disposición",
        deadline="Se acerca el fin del plazo de una notificación",
        red_ended="Desvinculación del autorizado RED",
        power_ended="Extinción de un poder",
        effects={
            "red_ended": (
                "Lo que se ponga a disposición desde entonces es accesible solo para el interesado y sus "
                "apoderados, hasta que otro autorizado RED quede asignado."
            ),
            "power_ended": (
                "Las notificaciones se practican directamente al poderdante; el apoderado deja de verlas."
            ),
        },
        addressee="Destinatario",
        body="Organismo",
        subject="Asunto",
        special="(no se indica en los avisos)",
        reference="Referencia",
        available="Puesta a disposición",
        last_day="Último día del plazo",
        ended="Con efecto desde",
        red_ended_holder="Autorizado RED",
        red_ended_what="Autorización y cuenta",
        power_ended_holder="Apoderado",
        power_ended_what="Alcance",
        foot=(
            "Este aviso no es la notificación y no produce efectos: recibirlo o no recibirlo no cambia "
            "plazos. Acceda como siempre, con su certificado; nunca se lo pediremos por correo. No "
            "responda a este mensaje."
        ),
        page="Información sobre el servicio: {page}",
    ),
    "en": Texts(
        head="Informative notice of electronic notifications of the Social Security (Ley 39/2015 art. 41.6).",
        several="Notices of electronic notifications: {count}",
        notification="Notification put at disposal",
        communication="Communication put at disposal",
        deadline="The term of a notification is about to end",
        red_ended="A RED authorisation is no longer assigned",
        power_ended="A power has ended",
        effects={
            "red_ended": (
                "What is put at disposal from then on is for the addressee and its attorneys alone, until "
                "another RED-authorised person is assigned."
            ),
            "power_ended": "Notifications are for the grantor directly; the attorney sees them no more.",
        },
        addressee="Addressee",
        body="Issuing body",
        subject="Subject",
        special="(not told in notices)",
        reference="Reference",
        available="Put at disposal",
        last_day="Last day of the term",
        ended="In effect since",
        red_ended_holder="RED-authorised person",
        red_ended_what="Authorisation and account",
        power_ended_holder="Attorney",
        power_ended_what="Scope",
        foot=(
            "This notice is not the notification and has no effect: no term depends on whether you get it. "
            "Access as always, with your certificate; nobody asks you for it by e-mail. Do not answer this "
            "message."
        ),
        page="About the service: {page}",
    ),
}
