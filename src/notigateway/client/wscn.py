"""The Social Security's own contract from the client's side: its messages, its receipts, its numbers.

It works against the official shapes alone, so against any service that speaks them.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from lxml import etree

from notigateway.client.errors import GatewayFaultError, UnexpectedResponseError, UnsendableTextError
from notigateway.client.part import Part
from notigateway.errors import AcuseInvalidError, ConfigurationError, catalogue
from notigateway.evidence.acuse import sign_acuse
from notigateway.law.lifecycle import Decision
from notigateway.wss.envelope import canonical
from notigateway.wss.ns import SOAP11, WSCN, WSCN_TEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from lxml.etree import _Element

    from notigateway.client.transport import Transport
    from notigateway.wss.sign import Signer

ROLES: Final = {"own": 1, "red": 2, "attorney": 3}
_BUCKETS: Final = {
    "own": ("notificacionesPropias", "codigoSiguienteNotificacionPropia"),
    "red": ("notificacionesAutorizadoRED", "codigoSiguienteNotificacionAutorizadoRED"),
    "attorney": ("notificacionesApoderado", "codigoSiguienteNotificacionApoderado"),
}
_START: Final = -1
_PATHS: Final = {"/INFRWSCN/WSCNService": WSCN, "/INFRWSCN_Pruebas/WSCNPruebasService": WSCN_TEST}
_CODE: Final = re.compile(r"\[([A-Z0-9_]+)\] ?")
_RETRYABLE: Final = frozenset(entry.code for entry in catalogue() if entry.retryable)


class PlainPart(Part):
    """An element of this contract: its children have no namespace."""

    __slots__ = ()

    @staticmethod
    def tag(name: str) -> str:
        """Return the name of a child."""
        return name


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
    """What became of one notification: 0 is success; `sealed` is `selladoTiempo`."""

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
    """Return the namespace of the environment at an address. Raises: `ConfigurationError`."""
    namespace = _PATHS.get(urlsplit(url).path)
    if namespace is None:
        raise ConfigurationError(f"{url!r} is not the address of WSCN: its path is {' or '.join(_PATHS)}")
    return namespace


def action(operation: str) -> str:
    """Return the SOAPAction of an operation."""
    return f"urn:{operation}"


def read_answer(operation: str, element: _Element) -> Part:
    """Return the one child of the answer to an operation.

    Raises: `GatewayFaultError` for a system fault; `UnexpectedResponseError` for another answer.
    """
    if element.tag == f"{{{SOAP11}}}Fault":
        raise _fault(element)
    if etree.QName(element).localname != f"{operation}Response" or len(element) != 1:
        raise UnexpectedResponseError(f"the answer is not one to {operation}")
    return PlainPart(element[0])


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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def list_notifications(self, *, role: str | None = None, grantor: str | None = None) -> Iterator[WscnRow]:
        """Yield every row of one bucket or of all; what is given again at the head of a page is dropped.

        Raises: `GatewayFaultError`, also for a number other than 0.
        """
        places, seen = {name: _START for _, name in _BUCKETS.values()}, set[int]()
        while True:
            values = _values(0 if role is None else ROLES[role], grantor, places)
            page = self._call("consultarListadoNotificaciones", values)
            _check(page)
            before, places = places, {name: page.number(name) for name in places}
            for name, (bucket, _) in _BUCKETS.items():
                for part in page.parts(bucket):
                    row = _row(part, name)
                    if row.code not in seen:
                        seen.add(row.code)
                        yield row
            if not page.flag("hayMas"):
                return
            if places == before:
                raise UnexpectedResponseError("the page does not lead to the next one")

    def decide(
        self, code: int, decision: Decision, *, role: str = "own", grantor: str | None = None
    ) -> WscnOutcome:
        """Ask for the receipt, sign it, send it back: this has legal effect."""
        values = _values(
            ROLES[role],
            grantor,
            {
                "codigoNotificacion": code,
                "esDeAceptacion": "true" if decision is Decision.ACCEPT else "false",
            },
        )
        acuse = self._call("solicitarAcuseNotificacion", values)
        asked = _outcome(acuse, code)
        if not asked.is_done:
            return asked
        try:
            signed = sign_acuse(acuse.binary("XML"), signer=self._signer, expected=(code, decision))
        except AcuseInvalidError as error:
            raise UnexpectedResponseError(f"the receipt to sign is not the one asked for: {error}") from error
        sent = _values(ROLES[role], grantor, {"xmlAcuseFirmado": base64.b64encode(signed).decode()})
        return _outcome(self._call("enviarAcuseNotificacion", sent), code)

    def view(self, code: int, *, role: str = "own", grantor: str | None = None) -> WscnOutcome:
        """Return an accepted notification again."""
        values = _values(ROLES[role], grantor, {"codigoNotificacion": code})
        return _outcome(self._call("verNotificacionAceptada", values), code)

    def grantors(self) -> list[Grantor]:
        """Return those for whom the caller may act. Raises: `GatewayFaultError`, also for a number."""
        answer = self._call("solicitarPoderdantes", {})
        _check(answer)
        return [
            Grantor(part.text("identificador"), part.text("denominacion"))
            for part in answer.parts("poderdantes")
        ]

    def _call(self, operation: str, values: dict[str, str | int]) -> Part:
        root = etree.Element(f"{{{self._namespace}}}{operation}", nsmap={"wscn": self._namespace})
        for name, value in values.items():
            try:
                etree.SubElement(root, name).text = str(value)
            except ValueError as error:
                raise UnsendableTextError(f"{name} holds a character that XML cannot carry") from error
        return self._transport.call(operation, canonical(root))


def _values(role: int, grantor: str | None, others: Mapping[str, str | int]) -> dict[str, str | int]:
    named = {} if grantor is None else {"identificadorPoderdante": grantor}
    return {"rol": role, **named, **others}


def _row(part: Part, role: str) -> WscnRow:
    return WscnRow(
        code=part.number("codigo"),
        role=role,
        state=part.number("estado"),
        state_text=_optional(part, "descripcionEstado"),
        addressee=_optional(part, "destinatario"),
        addressee_name=_optional(part, "nombreAppRazonSocial"),
        procedure=_optional(part, "procedimiento"),
        available_at=_optional(part, "fechaPuestaDisposicion"),
        available_until=_optional(part, "fechaFinDisponibilidad"),
    )


def _outcome(answer: Part, code: int) -> WscnOutcome:
    number, text = _error(answer)
    if number == 0 and answer.number("codigoNotificacion") != code:
        raise UnexpectedResponseError("the answer is about another notification than the request")
    return WscnOutcome(
        code=code,
        number=number,
        text=text,
        sealed=_optional(answer, "selladoTiempo"),
        pdf=answer.binary("pdfNotificacion") if answer.has("pdfNotificacion") else None,
    )


def _check(answer: Part) -> None:
    number, text = _error(answer)
    if number:
        raise GatewayFaultError(f"WSCN_{number}", text_es=text, text_en=text, retryable=False)


def _error(answer: Part) -> tuple[int, str]:
    """Return number and text; an answer without the element is a success."""
    part = answer.optional("error")
    return (0, "") if part is None else (part.number("codigo"), _optional(part, "descripcion"))


def _optional(part: Part, name: str) -> str:
    return part.text(name) if part.has(name) else ""
