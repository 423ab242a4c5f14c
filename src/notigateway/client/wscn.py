"""The Social Security's own contract from the client's side: its messages, its receipts, its numbers.

It works against the official shapes alone, so against any service that speaks them and says, signed, to
which request it answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from lxml import etree

from notigateway.client import wire
from notigateway.client.errors import GatewayFaultError, UnexpectedResponseError, UnsendableTextError
from notigateway.contract import wscn as contract
from notigateway.contract.writing import write_content
from notigateway.contract.xml import ContractError
from notigateway.errors import AcuseInvalidError, ConfigurationError, catalogue
from notigateway.evidence.acuse import sign_acuse
from notigateway.law.lifecycle import Decision
from notigateway.wss.ns import SOAP11, WSCN, WSCN_TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.client.transport import Transport
    from notigateway.contract.xml import Part
    from notigateway.wss.sign import Signer

P = TypeVar("P", bound="Part")

ROLES: Final = {"own": 1, "red": 2, "attorney": 3}
_START: Final = -1
_PATHS: Final = {"/INFRWSCN/WSCNService": WSCN, "/INFRWSCN_Pruebas/WSCNPruebasService": WSCN_TEST}
_CODE: Final = re.compile(r"\[([A-Z0-9_]+)\] ?")
_RETRYABLE: Final = frozenset(entry.code for entry in catalogue() if entry.retryable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WscnRow:
    """A row of the list, in the bucket of the capacity `role`."""

    code: int
    role: str
    state: int
    state_text: str
    addressee: str
    addressee_name: str
    procedure: str
    available_at: str
    available_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WscnOutcome:
    """What became of one notification: 0 is success; `sealed` is `selladoTiempo`, a date first."""

    code: int
    number: int
    text: str
    sealed: str = ""
    pdf: bytes | None = field(default=None, repr=False)

    @property
    def is_done(self) -> bool:
        """Tell whether it was done."""
        return self.number == 0


@dataclass(frozen=True, slots=True)
class Grantor:
    """Somebody for whom the caller may act."""

    identifier: str
    name: str


def namespace_at(url: str) -> str:
    """Return the namespace of the environment at an address; something may stand before its path, as a world.

    Raises: `ConfigurationError`.
    """
    path = urlsplit(url).path
    namespace = next((found for ending, found in _PATHS.items() if path.endswith(ending)), None)
    if namespace is None:
        raise ConfigurationError(
            f"{url!r} is not the address of WSCN: its path ends with {' or '.join(_PATHS)}"
        )
    return namespace


def action(operation: str) -> str:
    """Return the SOAPAction of an operation."""
    return f"urn:{operation}"


def read_answer(operation: str, element: _Element) -> _Element:
    """Return the one child of the answer to an operation.

    Raises: `GatewayFaultError` for a system fault; `UnexpectedResponseError` for another answer.
    """
    if element.tag == f"{{{SOAP11}}}Fault":
        raise _fault(element)
    if etree.QName(element).localname != f"{operation}Response" or len(element) != 1:
        raise UnexpectedResponseError(f"the answer is not one to {operation}")
    return element[0]


def _fault(element: _Element) -> GatewayFaultError:
    text = element.findtext("faultstring") or ""
    spanish = element.findtext("detail/*/error/descripcion") or text
    found = _CODE.match(text)
    code = found[1] if found else "FAULT"
    return GatewayFaultError(
        code,
        text_es=_CODE.sub("", spanish, count=1),
        text_en=_CODE.sub("", text, count=1),
        retryable=code in _RETRYABLE,
        correlation_id=element.findtext("detail/*/error/identificadorPeticion") or "",
    )


class WscnClient:
    """Calls one environment, as one holder of a certificate; see `NotificationClient` for what it raises."""

    def __init__(self, transport: Transport, signer: Signer) -> None:
        self._transport = transport
        self._signer = signer
        self._namespace = namespace_at(transport.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def list_notifications(self, *, role: str | None = None, grantor: str | None = None) -> Iterator[WscnRow]:
        """Yield every row of one bucket or of all; what is given again at the head of a page is dropped.

        Raises: `GatewayFaultError`, also for a number other than 0.
        """
        places, seen = _Places(_START, _START, _START), set[int]()
        while True:
            page = self._call(
                "consultarListadoNotificaciones",
                contract.ConsultarListadoNotificaciones(
                    rol=0 if role is None else ROLES[role],
                    identificador_poderdante=grantor,
                    codigo_siguiente_notificacion_propia=places.own,
                    codigo_siguiente_notificacion_autorizado_red=places.red,
                    codigo_siguiente_notificacion_apoderado=places.attorney,
                ),
                contract.ListadoNotificaciones,
            )
            _check(page)
            for row in _rows(page):
                if row.code not in seen:
                    seen.add(row.code)
                    yield row
            if not page.hay_mas:
                return
            before, places = places, _places(page)
            if places == before:
                raise UnexpectedResponseError("the page does not lead to the next one")

    def decide(
        self, code: int, decision: Decision, *, role: str = "own", grantor: str | None = None
    ) -> WscnOutcome:
        """Ask for the receipt, sign it, send it back: this has legal effect."""
        acuse = self._call(
            "solicitarAcuseNotificacion",
            contract.SolicitarAcuseNotificacion(
                rol=ROLES[role],
                identificador_poderdante=grantor,
                codigo_notificacion=code,
                es_de_aceptacion=decision is Decision.ACCEPT,
            ),
            contract.AcuseNotificacion,
        )
        asked = _outcome(acuse, code)
        if not asked.is_done:
            return asked
        if acuse.xml is None:
            raise UnexpectedResponseError("the answer holds no receipt to sign")
        try:
            signed = sign_acuse(acuse.xml, signer=self._signer, expected=(code, decision))
        except AcuseInvalidError as error:
            raise UnexpectedResponseError(f"the receipt to sign is not the one asked for: {error}") from error
        sent = contract.EnviarAcuseNotificacion(
            rol=ROLES[role], identificador_poderdante=grantor, xml_acuse_firmado=signed
        )
        return _outcome(self._call("enviarAcuseNotificacion", sent, contract.NotificacionRecuperada), code)

    def view(self, code: int, *, role: str = "own", grantor: str | None = None) -> WscnOutcome:
        """Return an accepted notification again."""
        asked = contract.VerNotificacionAceptada(
            rol=ROLES[role], identificador_poderdante=grantor, codigo_notificacion=code
        )
        return _outcome(self._call("verNotificacionAceptada", asked, contract.NotificacionRecuperada), code)

    def grantors(self) -> list[Grantor]:
        """Return those for whom the caller may act. Raises: `GatewayFaultError`, also for a number."""
        asked = contract.SolicitarPoderdantes()
        answer = self._call("solicitarPoderdantes", asked, contract.ListadoPoderdantes)
        _check(answer)
        return [Grantor(one.identificador or "", one.denominacion or "") for one in answer.poderdantes]

    def _call(self, operation: str, asked: Part, kind: type[P]) -> P:
        try:
            content = contract.write_root(self._namespace, operation, write_content(asked))
        except ContractError as error:
            raise UnsendableTextError(str(error)) from error
        return wire.read(kind, self._transport.call(operation, content))


class _Places(NamedTuple):
    """The cursor of each bucket."""

    own: int
    red: int
    attorney: int


def _places(page: contract.ListadoNotificaciones) -> _Places:
    return _Places(
        page.codigo_siguiente_notificacion_propia,
        page.codigo_siguiente_notificacion_autorizado_red,
        page.codigo_siguiente_notificacion_apoderado,
    )


def _rows(page: contract.ListadoNotificaciones) -> Iterator[WscnRow]:
    """Yield the rows of the three buckets."""
    for role, bucket in (
        ("own", page.notificaciones_propias),
        ("red", page.notificaciones_autorizado_red),
        ("attorney", page.notificaciones_apoderado),
    ):
        for one in bucket:
            yield WscnRow(
                code=one.codigo,
                role=role,
                state=one.estado,
                state_text=one.descripcion_estado or "",
                addressee=one.destinatario or "",
                addressee_name=one.nombre_app_razon_social or "",
                procedure=one.procedimiento or "",
                available_at=one.fecha_puesta_disposicion or "",
                available_until=one.fecha_fin_disponibilidad or "",
            )


def _outcome(answer: contract.AcuseNotificacion | contract.NotificacionRecuperada, code: int) -> WscnOutcome:
    number, text = _error(answer.error)
    if number == 0 and answer.codigo_notificacion != code:
        raise UnexpectedResponseError("the answer is about another notification than the request")
    done = WscnOutcome(code=code, number=number, text=text)
    if isinstance(answer, contract.AcuseNotificacion):
        return done
    return replace(done, sealed=answer.sellado_tiempo or "", pdf=answer.pdf_notificacion)


def _check(answer: contract.ListadoNotificaciones | contract.ListadoPoderdantes) -> None:
    number, text = _error(answer.error)
    if number:
        raise GatewayFaultError(f"WSCN_{number}", text_es=text, text_en=text, retryable=False)


def _error(error: contract.Error | None) -> tuple[int, str]:
    """Return number and text; an answer without the element is a success."""
    return (0, "") if error is None else (error.codigo, error.descripcion or "")
