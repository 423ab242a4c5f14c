"""The five operations: read, call a use case, commit, answer with the contract's numbers.

Spyne has no part in it: it can neither read children that may or may not be qualified nor write ones
that are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.addressee import two_phase
from notigateway.addressee.mailbox import Will
from notigateway.contract.wscn import (
    AcuseNotificacion,
    Error,
    ListadoNotificaciones,
    ListadoPoderdantes,
    NotificacionRecuperada,
    Poderdante,
    write_answer,
)
from notigateway.errors import (
    AcuseExpiredError,
    AcuseInvalidError,
    GatewayError,
    LifecycleError,
    NotFoundError,
    NotificationUnknownError,
    ServiceError,
)
from notigateway.evidence.acuse import AcuseTerms, issue_acuse
from notigateway.evidence.acuse_check import check_acuse
from notigateway.law.actors import signing_person_of
from notigateway.law.lifecycle import Decision
from notigateway.law.representation import Role
from notigateway.logger import Logger
from notigateway.receipts.acting import of_caller
from notigateway.repository.powers import list_grantors
from notigateway.soap.wscn import codes, rows
from notigateway.soap.wscn.reading import ALL_ROLES, Parameters, read_parameters
from notigateway.soap.wscn.refusing import (
    CURSORS,
    Asked,
    refused_grantors,
    refused_list,
    refused_notification,
    refused_receipt,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from lxml.etree import _Element

    from notigateway.contract.xml import Part
    from notigateway.law.caller import Circumstances
    from notigateway.repository.model import Notification
    from notigateway.soap.gate import Request
    from notigateway.soap.wscn.environment import Environment
    from notigateway.wss.sign import Signer

_log = Logger("notigateway.soap")
# These need no current revocation status; asking for a receipt is the first step of a decision.
WITHOUT_EFFECT: Final = frozenset(
    {"consultarListadoNotificaciones", "verNotificacionAceptada", "solicitarPoderdantes"}
)
# The steps of a decision.
DECIDING: Final = frozenset({"solicitarAcuseNotificacion", "enviarAcuseNotificacion"})
# These wait for nothing but the database.
ON_ONE_CONNECTION: Final = frozenset({"consultarListadoNotificaciones", "solicitarPoderdantes"})
_DECIDED: Final = "La aceptación consta y vale."
_PDF_LATER: Final = f"{_DECIDED} Pida el PDF más tarde con verNotificacionAceptada."
_ELSEWHERE: Final = "No hay un PDF que quepa en esta respuesta: recoja los documentos por urn:notigateway:v1."


@dataclass(frozen=True, slots=True, kw_only=True)
class WscnPolicy:
    """What the operator decides of this contract."""

    page_size: int
    acuse_valid: timedelta
    unsafe_accept_sha1_acuse: bool
    pdf_max_bytes: int


class WscnDispatcher:
    """Calls the operation that a verified element names, in one environment."""

    def __init__(self, environment: Environment, policy: WscnPolicy, *, signer: Signer) -> None:
        self._environment = environment
        self._policy = policy
        self._signer = signer
        self._operations: dict[str, tuple[Callable[[Asked], Part], Callable[[Asked, Error], Part]]] = {
            "consultarListadoNotificaciones": (self._list, refused_list),
            "solicitarAcuseNotificacion": (self._request_receipt, refused_receipt),
            "enviarAcuseNotificacion": (self._decide, refused_notification),
            "verNotificacionAceptada": (self._view, refused_notification),
            "solicitarPoderdantes": (_list_grantors, refused_grantors),
        }

    def call(self, operation: _Element, request: Request) -> bytes:
        """Run the operation and return its answer as canonical XML, functional errors included.

        Raises: what only a fault can tell.
        """
        name = etree.QName(operation).localname
        run, refuse = self._operations[name]
        asked = Asked(Parameters({}), request)
        try:
            asked.parameters = read_parameters(operation)
            content = run(asked)
        except GatewayError as error:
            code = codes.functional_code(error, asked.role)
            if code is None:
                raise
            request.access.result = error.code
            request.told.refused_by_number(error, code)
            content = refuse(asked, asked.refusal(code, error))
        return write_answer(self._environment.namespace, name, content)

    def _list(self, asked: Asked) -> ListadoNotificaciones:
        """Return a page of each bucket that is asked for. No legal effect."""
        request, number = asked.request, asked.parameters.number("rol")
        wanted = tuple(CURSORS) if number == ALL_ROLES else (asked.capacity().role,)
        places = {role: asked.parameters.number(name) for role, name in CURSORS.items()}
        with request.reading() as session:
            found = {
                role: request.office.two_phase.list_bucket(
                    session,
                    request.asking,
                    asked.capacity_as(role),
                    from_code=places[role],
                    page_size=self._policy.page_size,
                )
                for role in wanted
            }
        for bucket in found.values():
            request.access.found({row.code: row.identifier for row in bucket.rows})
        last = {role: bucket.last_code for role, bucket in found.items()}
        shown = {
            role: tuple(rows.notificacion(row, request.asking.now) for row in bucket.rows)
            for role, bucket in found.items()
        }
        nexts = {role: last.get(role) or place for role, place in places.items()}
        return ListadoNotificaciones(
            codigo_siguiente_notificacion_apoderado=nexts[Role.ATTORNEY],
            codigo_siguiente_notificacion_autorizado_red=nexts[Role.RED],
            codigo_siguiente_notificacion_propia=nexts[Role.OWN],
            error=asked.done,
            hay_mas=any(bucket.has_more for bucket in found.values()),
            notificaciones_apoderado=shown.get(Role.ATTORNEY, ()),
            notificaciones_autorizado_red=shown.get(Role.RED, ()),
            notificaciones_propias=shown.get(Role.OWN, ()),
        )

    def _request_receipt(self, asked: Asked) -> AcuseNotificacion:
        """Hand out the receipt to sign: for acceptance or for rejection."""
        request = asked.request
        code = asked.named()
        capacity = asked.capacity()
        accepts = asked.parameters.flag("esDeAceptacion")
        with request.writing() as session:
            notification = asked.lock(session, code, capacity)
            two_phase.request_receipt(notification, request.asking)
            told = of_caller(notification, request.asking)
            party, person = _signing(told)
            terms = AcuseTerms(
                code=code,
                decision=Decision.ACCEPT if accepts else Decision.REJECT,
                role=capacity.role,
                party=party,
                person=person,
                expires_at=request.asking.now + self._policy.acuse_valid,
            )
            details = rows.acuse_details(notification, told)
        xml = issue_acuse(terms, details, signer=self._signer, now=request.asking.now)
        return AcuseNotificacion(codigo_notificacion=code, error=asked.done, xml=xml)

    def _decide(self, asked: Asked) -> NotificacionRecuperada:
        """Decide as the signed receipt says (Ley 39/2015 art. 43.1)."""
        request = asked.request
        capacity = asked.capacity()
        terms = check_acuse(
            asked.parameters.binary("xmlAcuseFirmado"),
            ours=self._signer,
            caller_fingerprint=request.asking.caller.certificate_fingerprint,
            unsafe_accept_sha1=self._policy.unsafe_accept_sha1_acuse,
        )
        asked.code = terms.code
        request.access.ask([str(terms.code)])
        office, asking = request.office, request.asking
        with request.writing() as session:
            notification = asked.lock(session, terms.code, capacity)
            two_phase.check_undecided(notification, asking)
            party, person = _signing(of_caller(notification, asking))
            if (terms.party, terms.role) != (party, capacity.role):
                raise AcuseInvalidError("issued to another party or capacity")
            if terms.person not in {None, person}:
                raise AcuseInvalidError("names another person than the one who signed it")
            if request.asking.now >= terms.expires_at:
                raise AcuseExpiredError
            (outcome,) = office.mailbox.decide_all(session, asking, [notification.id], Will(terms.decision))
            decided = outcome.notification
            if (
                decided is None
                or outcome.event is None
                or outcome.receipt is None
                or outcome.problem is not None
            ):
                # The row is locked and its state was looked at: only a title that ended can be the cause.
                raise NotificationUnknownError
            sealed = rows.sellado(outcome.event, outcome.receipt)
        if terms.decision is Decision.REJECT:
            return NotificacionRecuperada(
                codigo_notificacion=terms.code, error=asked.done, sellado_tiempo=sealed
            )
        try:
            return self._delivered(asked, decided, sealed)
        except (NotFoundError, LifecycleError) as lost:
            # The PDF may not leave any more; the decision was taken in time, and stands.
            number = codes.functional_code(lost, asked.role) or codes.NOT_AVAILABLE
            error = codes.refusal(number, lost, asking.proof.correlation_id, _DECIDED)
            return NotificacionRecuperada(codigo_notificacion=terms.code, error=error, sellado_tiempo=sealed)

    def _view(self, asked: Asked) -> NotificacionRecuperada:
        """Return an accepted notification again."""
        code = asked.named()
        capacity = asked.capacity()
        with asked.request.reading() as session:
            notification = asked.request.office.two_phase.view(session, asked.request.asking, code, capacity)
            sealed = rows.sellado(*two_phase.decisive_receipt(notification))
        return self._delivered(asked, notification, sealed)

    def _delivered(self, asked: Asked, notification: Notification, sealed: str) -> NotificacionRecuperada:
        """Return the PDF; an acceptance stands whether or not the PDF can leave just now.

        Raises: what `_attest_handover` raises for what may not leave any more.
        """
        correlation_id = asked.request.asking.proof.correlation_id
        document, error, content = two_phase.first_pdf(notification), asked.done, None
        if document is None or document.size > self._policy.pdf_max_bytes:
            error = codes.success(correlation_id, _ELSEWHERE)
        else:
            try:
                content = asked.request.office.store.get(document.sha256)
                if notification.awaits_handover():
                    _attest_handover(asked, notification)
            except ServiceError as failure:
                _log.warning("document_not_delivered", **failure.line)
                error, content = codes.refusal(codes.NOT_AVAILABLE, failure, correlation_id, _PDF_LATER), None
        return NotificacionRecuperada(
            codigo_notificacion=notification.code,
            error=error,
            pdf_notificacion=content,
            sellado_tiempo=sealed,
        )


def _signing(told: Circumstances) -> tuple[str, str | None]:
    """Return the party that an acuse names, and the natural person; None for the seal of an entity."""
    person = signing_person_of(told)
    return told.party or "", None if person is None else person.identifier


def _attest_handover(asked: Asked, notification: Notification) -> None:
    """Attest, before the content leaves, that it does so for the first time.

    Raises: `NotificationUnknownError` where the title has ended meanwhile, `NotAcceptedError`.
    """
    request = asked.request
    with request.writing() as session:
        lost = request.office.mailbox.hand_over(session, request.asking, [notification.id]).lost
        for problem in lost.values():
            raise problem


def _list_grantors(asked: Asked) -> ListadoPoderdantes:
    """Return everybody for whom the caller may act by a power in force."""
    request = asked.request
    with request.reading() as session:
        found = list_grantors(session, request.asking.party, now=request.asking.now)
    return ListadoPoderdantes(
        error=asked.done,
        poderdantes=tuple(Poderdante(denominacion=one.name, identificador=one.identifier) for one in found),
        tiene_poderdantes=bool(found),
    )
