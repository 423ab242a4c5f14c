"""The Social Security's contract as the checks ask it: messages to values, each answer proven and valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.client.wire import read
from notigateway.conformance.expecting import expect, valid
from notigateway.conformance.verdict import FailedError
from notigateway.contract import wscn
from notigateway.contract.writing import write_content
from notigateway.errors import AcuseInvalidError
from notigateway.evidence.acuse import sign_acuse

if TYPE_CHECKING:
    from notigateway.conformance.target import Target
    from notigateway.contract.xml import Part
    from notigateway.law.lifecycle import Decision
    from notigateway.wss.sign import Signer

ROLE_OWN: Final = 1
# A code that no notification will have.
UNKNOWN_CODE: Final = 2_000_000_001
_START: Final = -1
_PAGES_AT_MOST: Final = 40


def call(target: Target, operation: str, asked: Part | bytes, *, signer: Signer | None = None) -> Any:  # noqa: ANN401
    """Return what an operation answers, valid by the schema. Raises: `FailedError`."""
    namespace = target.dialect.namespace
    if not isinstance(asked, bytes):
        asked = wscn.write_root(namespace, operation, write_content(asked))
    found = target.ask(operation, asked, signer=signer)
    expect(
        target.dialect.is_answer(found.element, operation),
        f"expected the answer to {operation}; the service answered {found.told}",
    )
    valid(target, found)
    name, kind = wscn.ANSWERS[operation]
    expect(len(found.element) == 1 and found.element[0].tag == name, f"the answer holds no {name}")
    return read(kind, found.element[0])


def number(answer: Any) -> int:  # noqa: ANN401  (each answer has its error)
    """Return the number in an answer; without one it is a success."""
    error: wscn.Error | None = answer.error
    return 0 if error is None else error.codigo


def page(
    target: Target, *, role: int, own: int = _START, signer: Signer | None = None
) -> wscn.ListadoNotificaciones:
    """Return a page of the list."""
    asked = wscn.ConsultarListadoNotificaciones(
        rol=role,
        codigo_siguiente_notificacion_propia=own,
        codigo_siguiente_notificacion_autorizado_red=_START,
        codigo_siguiente_notificacion_apoderado=_START,
    )
    found: wscn.ListadoNotificaciones = call(target, "consultarListadoNotificaciones", asked, signer=signer)
    return found


def state_of(target: Target, code: int) -> int:
    """Return `estado` of a notification in the list. Raises: `FailedError` where it is not there."""
    found = page(target, role=ROLE_OWN, own=code)
    for _ in range(_PAGES_AT_MOST):
        for one in found.notificaciones_propias:
            if one.codigo == code:
                return one.estado
        if not found.hay_mas:
            break
        found = page(target, role=ROLE_OWN, own=found.codigo_siguiente_notificacion_propia)
    raise FailedError(f"notification {code} stands in no page of the list")


def acuse_of(
    target: Target, code: int, *, role: int = ROLE_OWN, accepts: bool = True, signer: Signer | None = None
) -> wscn.AcuseNotificacion:
    """Return the receipt to sign."""
    asked = wscn.SolicitarAcuseNotificacion(rol=role, codigo_notificacion=code, es_de_aceptacion=accepts)
    found: wscn.AcuseNotificacion = call(target, "solicitarAcuseNotificacion", asked, signer=signer)
    return found


def signed(
    target: Target,
    handed: wscn.AcuseNotificacion,
    code: int,
    decision: Decision,
    *,
    signer: Signer | None = None,
) -> bytes:
    """Return a receipt with the caller's signature. Raises: `FailedError` for another than was asked for."""
    if handed.xml is None:
        raise FailedError(f"there is no receipt to sign: {number(handed)}")
    try:
        return sign_acuse(handed.xml, signer=signer or target.signer, expected=(code, decision))
    except AcuseInvalidError as error:
        raise FailedError(f"the receipt to sign is not the one asked for: {error}") from error


def sent(target: Target, xml: bytes, *, role: int = ROLE_OWN) -> wscn.NotificacionRecuperada:
    """Send a signed receipt: this has legal effect."""
    asked = wscn.EnviarAcuseNotificacion(rol=role, xml_acuse_firmado=xml)
    found: wscn.NotificacionRecuperada = call(target, "enviarAcuseNotificacion", asked)
    return found


def viewed(
    target: Target, code: int, *, role: int = ROLE_OWN, signer: Signer | None = None
) -> wscn.NotificacionRecuperada:
    """Return an accepted notification again."""
    asked = wscn.VerNotificacionAceptada(rol=role, codigo_notificacion=code)
    found: wscn.NotificacionRecuperada = call(target, "verNotificacionAceptada", asked, signer=signer)
    return found
