"""Clients of the Social Security's contract, written without our code: they write text, xmlsec signs.

Every answer is verified, then validated by the served schema and, where it is there, by the reference.
"""

from __future__ import annotations

import base64
import itertools
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from envelopes import Draft, Ref
from notigateway.pki.anchors import PinnedCertificates
from notigateway.published import published_folder
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations
from notigateway.wss.verify import verify_envelope
from pki import pki
from stack import GENEROUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair
    from notigateway.soap.wscn.environment import Environment
    from stack import Answer, Stack

DS = "http://www.w3.org/2000/09/xmldsig#"
_ROOT = Path(__file__).parents[1]
_ABSENT = "the public interface description of the official service is not in ../shared/reference"
CONTENTS = {
    "consultarListadoNotificaciones": "listadoNotificaciones",
    "solicitarAcuseNotificacion": "acuseNotificacion",
    "enviarAcuseNotificacion": "notificacionRecuperada",
    "verNotificacionAceptada": "notificacionRecuperada",
    "solicitarPoderdantes": "listadoPoderdantes",
}
BUCKETS = ("notificacionesPropias", "notificacionesAutorizadoRED", "notificacionesApoderado")
CURSORS = (
    "codigoSiguienteNotificacionPropia",
    "codigoSiguienteNotificacionAutorizadoRED",
    "codigoSiguienteNotificacionApoderado",
)
START = (-1, -1, -1)


# --- the reference --------------------------------------------------------------------------------


def find_reference() -> Path | None:
    """Return the folder of the official description: beside a clone, or beside a work tree."""
    named = os.environ.get("WSCN_REFERENCE")
    places = [Path(named)] if named else []
    places += [_ROOT.parent / "shared/reference/wscn", _ROOT.parents[1] / "shared/reference/wscn"]
    return next((one for one in places if (one / "WSCNPruebasService.wsdl").is_file()), None)


def reference_folder() -> Path:
    """Return the same, or skip the test that needs it."""
    found = find_reference()
    if found is None:
        pytest.skip(_ABSENT)
    return found


def in_environment(text: str, environment: Environment) -> str:
    """Return a text of the official test environment in the names of the given one."""
    if environment is TEST:
        return text
    return text.replace(TEST.namespace, PRODUCTION.namespace).replace("WSCNPruebas", "WSCN")


@cache
def schemas(environment: Environment) -> dict[str, etree.XMLSchema]:
    """Return the served schema and, where it is there, the reference's."""
    served = (published_folder("wsdl") / f"{environment.contract}.xsd").read_bytes()
    found = {"served": etree.XMLSchema(etree.fromstring(served))}
    folder = find_reference()
    if folder is not None:
        text = (folder / "WSCNPruebasService_schema1.xsd").read_text("utf-8")
        found["reference"] = etree.XMLSchema(etree.fromstring(in_environment(text, environment).encode()))
    return found


def assert_valid(element: _Element, environment: Environment) -> None:
    """Validate an element by both schemas."""
    for name, schema in schemas(environment).items():
        document = etree.fromstring(etree.tostring(element))
        assert schema.validate(document), f"{name}: {schema.error_log}"


# --- clients --------------------------------------------------------------------------------------


_numbers = itertools.count(1)


def template(environment: Environment, operation: str, **values: object) -> str:
    """Write a request as plain text templates do: no namespace on the children, spaces between."""
    children = "".join(f"\n      <{name}>{_text(value)}</{name}>" for name, value in values.items())
    return f'\n    <ws:{operation} xmlns:ws="{environment.namespace}">{children}\n    </ws:{operation}>\n  '


def axis(environment: Environment, operation: str, **values: object) -> str:
    """Write a request as stubs of Axis 1.4 do: qualified children with `xsi:type`, nil for what is absent."""
    types = {int: "xsd:int", bool: "xsd:boolean", str: "xsd:string", bytes: "xsd:base64Binary"}
    children = "".join(
        f'<{name} xsi:type="xsd:string" xsi:nil="true"/>'
        if value is None
        else f'<{name} xsi:type="{types[type(value)]}">{_text(value)}</{name}>'
        for name, value in {"identificadorPoderdante": None, **values}.items()
        if values
    )
    return (
        f'<{operation} xmlns="{environment.namespace}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{children}</{operation}>'
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.encodebytes(value).decode()  # lines of 76 characters
    return str(value)


@dataclass
class Wscn:
    """One holder's client of one environment."""

    stack: Stack
    environment: Environment = TEST
    pair: KeyPair = field(default_factory=lambda: pki().company_seal)
    write: Any = template
    has_timestamp: bool = False

    def envelope(self, content: str, **changes: Any) -> bytes:  # noqa: ANN401  (fields of Draft)
        """Sign a request: the Body alone where there is no Timestamp."""
        order = ("Timestamp", "Token", "Signature") if self.has_timestamp else ("Token", "Signature")
        parts = ("Body", "Timestamp") if self.has_timestamp else ("Body",)
        draft = {
            "pair": self.pair,
            "content": content,
            "now": self.stack.now,
            "order": order,
            "references": tuple(Ref(part) for part in parts),
            "ids": {"Body": f"id-{next(_numbers)}"},
            "security_attributes": "",
            **changes,
        }
        return Draft(**draft).build()

    def send(self, data: bytes, operation: str = "") -> Answer:
        """Send an envelope; whatever is answered is signed and valid."""
        action = f'"urn:{operation}"' if operation else None
        answer = self.stack.send(data, PATH_INFO=self.environment.path, HTTP_SOAPACTION=action)
        self.check(answer)
        return answer

    def check(self, answer: Answer) -> None:
        """Prove the answer's signature, and that both schemas admit what it holds."""
        verified = verify_envelope(
            parse_envelope(answer.body, limits=GENEROUS),
            now=self.stack.now,
            expectations=Expectations(),
            check_certificate=PinnedCertificates([pki().service.certificate]).check,
        )
        detail = verified.operation.find("detail")
        assert_valid(verified.operation if detail is None else detail[0], self.environment)

    def ask(self, operation: str, **values: object) -> _Element:
        """Call an operation and return the one child of its answer."""
        content = self.write(self.environment, operation, **values)
        answer = self.send(self.envelope(content), operation)
        assert answer.status == 200, answer.body
        assert answer.tree.tag == f"{{{self.environment.namespace}}}{operation}Response"
        (child,) = answer.tree
        assert child.tag == CONTENTS[operation]
        return child

    def page(self, places: tuple[int, ...] = START, *, rol: int = 1, **values: object) -> _Element:
        """Ask for one page of the list."""
        return self.ask(
            "consultarListadoNotificaciones", rol=rol, **values, **dict(zip(CURSORS, places, strict=True))
        )

    def pages(self, *, rol: int = 1, **values: object) -> Iterator[_Element]:
        """Follow the cursors until there is no more."""
        places: tuple[int, ...] = START
        for _ in range(50):
            page = self.page(places, rol=rol, **values)
            yield page
            places = tuple(int(page.findtext(name) or "") for name in CURSORS)
            if page.findtext("hayMas") == "false":
                return
        raise AssertionError("the list does not end")

    def listed(self, *, rol: int = 1, **values: object) -> dict[str, list[int]]:
        """Return the codes of each bucket over all pages; what is given again at a page's head is dropped."""
        found: dict[str, dict[int, None]] = {name: {} for name in BUCKETS}
        for page in self.pages(rol=rol, **values):
            for name in BUCKETS:
                found[name].update(
                    dict.fromkeys(int(one.findtext("codigo") or "") for one in page.iterfind(name))
                )
        return {name: list(codes) for name, codes in found.items()}

    def acuse(self, code: int, *, accepts: bool = True, rol: int = 1, **values: object) -> bytes:
        """Ask for a receipt to sign."""
        answer = self.ask(
            "solicitarAcuseNotificacion", rol=rol, **values, codigoNotificacion=code, esDeAceptacion=accepts
        )
        assert number(answer) == 0, etree.tostring(answer)
        return base64.b64decode(answer.findtext("XML") or "")

    def send_acuse(self, signed: bytes, *, rol: int = 1, **values: object) -> _Element:
        """Send a receipt back."""
        return self.ask("enviarAcuseNotificacion", rol=rol, **values, xmlAcuseFirmado=signed)

    def decide(self, code: int, *, accepts: bool = True, rol: int = 1, **values: object) -> _Element:
        """Ask for a receipt, sign it and send it back."""
        acuse = self.acuse(code, accepts=accepts, rol=rol, **values)
        return self.send_acuse(sign(acuse, self.pair), rol=rol, **values)

    def view(self, code: int, *, rol: int = 1, **values: object) -> _Element:
        """Ask for an accepted notification again."""
        return self.ask("verNotificacionAceptada", rol=rol, **values, codigoNotificacion=code)


def number(answer: _Element) -> int:
    """Return the number of the outcome; its text and the request's identifier are always there."""
    assert answer.findtext("error/descripcion")
    assert answer.findtext("error/identificadorPeticion")
    return int(answer.findtext("error/codigo") or "")


# --- signing receipts -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Style:
    """How a client signs the receipt: its canonical forms and hash."""

    transform: str | None = None
    c14n: str = "inclusive"
    hash_name: str = "sha256"
    key_info_signed: bool = True


_FORMS = {
    "inclusive": xmlsec.constants.TransformInclC14N,
    "exclusive": xmlsec.constants.TransformExclC14N,
    "enveloped": xmlsec.constants.TransformEnveloped,
    "comments": xmlsec.constants.TransformInclC14NWithComments,
    "c14n11": xmlsec.constants.TransformInclC14N11,
}


def sign(acuse: bytes, pair: KeyPair, style: Style | None = None) -> bytes:
    """Add a signature as clients do, with xmlsec."""
    style = style or Style()
    root = etree.fromstring(acuse)
    is_rsa = isinstance(pair.key, RSAPrivateKey)
    method = getattr(
        xmlsec.constants, f"Transform{'Rsa' if is_rsa else 'Ecdsa'}{style.hash_name.capitalize()}"
    )
    digest = getattr(xmlsec.constants, f"Transform{style.hash_name.capitalize()}")
    signature = xmlsec.template.create(root, _FORMS[style.c14n], method, ns="ds")
    root.append(signature)
    name = f"KeyInfo-{next(_numbers)}"
    key_info = xmlsec.template.ensure_key_info(signature, id=name)
    xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(key_info))
    for uri in ("#ProsaData", f"#{name}") if style.key_info_signed else ("#ProsaData",):
        reference = xmlsec.template.add_reference(signature, digest, uri=uri)
        if style.transform:
            xmlsec.template.add_transform(reference, _FORMS[style.transform])
    context = xmlsec.SignatureContext()
    pem = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(
        pair.certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatPem
    )
    data = root.find("ProsaSignatureData")
    assert data is not None
    context.register_id(data, "Id")
    context.register_id(key_info, "Id")
    context.sign(signature)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
