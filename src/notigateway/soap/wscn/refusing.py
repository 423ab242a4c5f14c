"""What one request asks, and what its operation answers where that is refused: a number, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.addressee import two_phase
from notigateway.contract.wscn import (
    AcuseNotificacion,
    Error,
    ListadoNotificaciones,
    ListadoPoderdantes,
    NotificacionRecuperada,
)
from notigateway.errors import GatewayError, RoleUnknownError
from notigateway.law.lifecycle import State
from notigateway.law.representation import Role
from notigateway.soap.wscn import codes, rows
from notigateway.soap.wscn.reading import ROLES, Parameters

if TYPE_CHECKING:
    from notigateway.repository.model import Notification
    from notigateway.repository.session import Session
    from notigateway.soap.gate import Request

# Each bucket: its role and the parameter (and field) that holds its cursor.
CURSORS: Final = {
    Role.OWN: "codigoSiguienteNotificacionPropia",
    Role.RED: "codigoSiguienteNotificacionAutorizadoRED",
    Role.ATTORNEY: "codigoSiguienteNotificacionApoderado",
}
_NOTHING_SEEN: Final = -1
_UNNAMED: Final = 0
_OWN: Final = "La decisión es la suya."
_OWN_ACCEPTANCE: Final = "La decisión es la suya; el PDF lo entrega verNotificacionAceptada."


class Asked:
    """What one request asks, filled in as it is read: what a refusal may need of it."""

    def __init__(self, parameters: Parameters, request: Request) -> None:
        self.parameters = parameters
        self.request = request
        self.role = Role.OWN
        self.code = _UNNAMED
        # Of the decision that this party has taken before: `selladoTiempo`.
        self.sealed: str | None = None

    @property
    def done(self) -> Error:
        """The outcome of success."""
        return codes.success(self.request.asking.proof.correlation_id)

    def capacity(self) -> two_phase.Capacity:
        """Return who asks in which capacity. Raises: `InvalidRequestError`, `RoleUnknownError`."""
        role = ROLES.get(self.parameters.number("rol"))
        if role is None:
            raise RoleUnknownError
        self.role = role
        return self.capacity_as(role)

    def capacity_as(self, role: Role) -> two_phase.Capacity:
        """Return who asks, in the capacity `role`."""
        return two_phase.Capacity(role=role, grantor=self.parameters.text("identificadorPoderdante"))

    def named(self) -> int:
        """Return the notification's code. Raises: `InvalidRequestError`."""
        self.code = self.parameters.number("codigoNotificacion")
        self.request.access.ask([str(self.code)])
        return self.code

    def lock(self, session: Session, code: int, capacity: two_phase.Capacity) -> Notification:
        """Return the notification, locked; whether this party has decided it before, a refusal will say.

        Raises: as `TwoPhase.lock`.
        """
        asking = self.request.asking
        notification = self.request.office.two_phase.lock(session, asking, code, capacity)
        own = two_phase.find_own_decision(notification, asking)
        self.sealed = None if own is None else rows.sellado(*own)
        return notification

    def refusal(self, code: int, error: GatewayError) -> Error:
        """Return the outcome that says what was refused."""
        note = ""
        if self.sealed is not None:
            note = _OWN_ACCEPTANCE if error.facts.get("state") == State.ACCEPTED else _OWN
        return codes.refusal(code, error, self.request.asking.proof.correlation_id, note)


def refused_list(asked: Asked, error: Error) -> ListadoNotificaciones:
    """Return no rows, and the cursors as they were."""
    places = {}
    for role, name in CURSORS.items():
        try:
            places[role] = asked.parameters.number(name)
        except GatewayError:
            places[role] = _NOTHING_SEEN
    return ListadoNotificaciones(
        codigo_siguiente_notificacion_apoderado=places[Role.ATTORNEY],
        codigo_siguiente_notificacion_autorizado_red=places[Role.RED],
        codigo_siguiente_notificacion_propia=places[Role.OWN],
        error=error,
        hay_mas=False,
    )


def refused_receipt(asked: Asked, error: Error) -> AcuseNotificacion:
    """Return no receipt."""
    return AcuseNotificacion(codigo_notificacion=asked.code, error=error)


def refused_notification(asked: Asked, error: Error) -> NotificacionRecuperada:
    """Return no content; of the party's own decision what its success has said."""
    return NotificacionRecuperada(codigo_notificacion=asked.code, error=error, sellado_tiempo=asked.sealed)


def refused_grantors(_asked: Asked, error: Error) -> ListadoPoderdantes:
    """Return nobody."""
    return ListadoPoderdantes(error=error)
