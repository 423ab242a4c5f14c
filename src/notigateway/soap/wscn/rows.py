"""From rows to the contract's elements: numbers, words and the clock of Madrid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.wscn import Notificacion
from notigateway.evidence.acuse import AcuseDetails, madrid_text
from notigateway.law.actors import signing_person_of
from notigateway.law.lifecycle import Standing, State, effective_state
from notigateway.repository.quoted import addressee_name_of, body_name_of

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.caller import Circumstances
    from notigateway.repository.model import Event, Notification, Receipt

STATES: Final[dict[State, tuple[int, str]]] = {
    State.AVAILABLE: (0, "Sin acuse"),
    State.RECEIPT_REQUESTED: (1, "Acuse solicitado"),
    State.ACCEPTED: (2, "Notificada por aceptación"),
    State.REJECTED: (3, "Notificada por rechazo"),
    State.LAPSED: (4, "Notificada por vencimiento de plazo"),
}
# The Social Security names an addressee by NIF, NAF, Régimen-CCC or CIE; here it is always the first.
_KIND, _KIND_WORDS = "NIF", "Número de identificación fiscal"


def notificacion(row: Any, now: datetime) -> Notificacion:  # noqa: ANN401  (a list row of many columns)
    """Return a list row as it stands at `now`."""
    standing = Standing(row.kind, row.state, row.available_at, row.deadline, row.outage_since)
    number, words = STATES[effective_state(standing, now)]
    return Notificacion(
        codigo=row.code,
        descripcion_estado=words,
        descripcion_tipo_destinatario=_KIND_WORDS,
        destinatario=row.identifier,
        estado=number,
        fecha_fin_disponibilidad=None if row.deadline is None else madrid_text(row.deadline),
        fecha_puesta_disposicion=madrid_text(row.available_at),
        nombre_app_razon_social=row.addressee_name,
        procedimiento=f"{row.procedure} {row.subject}",
        tipo_destinatario=_KIND,
    )


def acuse_details(notification: Notification, told: Circumstances) -> AcuseDetails:
    """Return what the person who signs an acuse reads in it."""
    act, person = notification.act, signing_person_of(told)
    return AcuseDetails(
        addressee=notification.addressee.identifier,
        addressee_name=addressee_name_of(notification),
        party_name=told.party_name or "",
        title=told.title,
        person_name=None if person is None else person.name,
        issuing_body=body_name_of(act),
        procedure=act.procedure,
        subject=act.subject,
        available_at=notification.available_at,
    )


def sellado(event: Event, receipt: Receipt) -> str:
    """Return `selladoTiempo`: instant of the decision, our receipt's identifier, its SHA-256.

    The instant comes first and as everywhere in this contract: clients parse the beginning as a date, some
    with a pattern that ends there, and read no further.
    """
    return f"{madrid_text(event.at)};{receipt.id};{receipt.sha256}"
