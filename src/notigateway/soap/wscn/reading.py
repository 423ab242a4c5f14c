"""Reads requests as the known clients write them: tolerant in form, strict in content.

Stubs of Axis 1.4 qualify the children that the schema has without a namespace, and say `xsi:type`
and `xsi:nil`; templates break base64 into lines. So the schema cannot check requests; this does:
no element that the operation does not have, none twice, no attribute with a meaning, every value of
its type. The order is not looked at: every child is read by its name.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.contract.wscn import INT_MAX, REQUESTS
from notigateway.contract.xml import Builtin, describe
from notigateway.errors import AcuseEncodingError, InvalidRequestError, RoleUnknownError
from notigateway.law.representation import Role
from notigateway.wss.ns import SOAP_ENCODING, XSD, XSI, namespace_of, soap

if TYPE_CHECKING:
    from lxml.etree import _Element

ROLES: Final = {1: Role.OWN, 2: Role.RED, 3: Role.ATTORNEY}
# Of the list, which then shows all of them.
ALL_ROLES: Final = 0
_LISTING: Final = "consultarListadoNotificaciones"
_SPACE: Final = " \t\r\n"
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_INT: Final = re.compile(r"[+-]?[0-9]{1,10}")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_TYPE: Final = f"{{{XSI}}}type"
_NIL: Final = f"{{{XSI}}}nil"
_ATTRIBUTES: Final = frozenset({_TYPE, _NIL, soap("encodingStyle")})
# What xsi:type may say of a parameter.
_TYPES: Final = {
    Builtin.INT: frozenset({"int", "integer"}),
    Builtin.TEXT: frozenset({"string"}),
    Builtin.BOOLEAN: frozenset({"boolean"}),
    Builtin.BASE64: frozenset({"base64Binary", "base64"}),
}
_PARAMETERS: Final = {
    operation: {one.name: _TYPES[one.type] for one in describe(kind) if isinstance(one.type, Builtin)}
    for operation, kind in REQUESTS.items()
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The texts of a request by the names of their parameters; what is absent or nil is None.

    Raises (every reading method): `InvalidRequestError` naming the element and the rule, never the text.
    """

    _texts: dict[str, str | None]

    def number(self, name: str) -> int:
        """Return an xs:int that must be there."""
        text = self._required(name)
        value = int(text) if _INT.fullmatch(text) else None
        if value is None or not -INT_MAX - 1 <= value <= INT_MAX:
            raise InvalidRequestError(element=name, rule="int")
        return value

    def flag(self, name: str) -> bool:
        """Return an xs:boolean that must be there."""
        flag = _FLAGS.get(self._required(name))
        if flag is None:
            raise InvalidRequestError(element=name, rule="boolean")
        return flag

    def text(self, name: str) -> str | None:
        """Return a string without the spaces around it; None where it is absent, nil or empty."""
        return (self._texts.get(name) or "").strip(_SPACE) or None

    def binary(self, name: str) -> bytes:
        """Return the bytes of an xs:base64Binary that must be there, in one line or in several.

        Raises: `AcuseEncodingError` for a text that is not base64.
        """
        text = self._required(name)
        try:
            return base64.b64decode(_SPACES.sub("", text).encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise AcuseEncodingError("not base64") from error

    def _required(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            raise InvalidRequestError(element=name, rule="required")
        return text


def read_parameters(operation: _Element) -> Parameters:
    """Return the parameters of a verified operation element.

    Raises: `InvalidRequestError` for what the operation does not have, twice the same, or text between.
    """
    name = etree.QName(operation).localname
    namespace = namespace_of(str(operation.tag))
    is_nil = _check_attributes(operation, name, frozenset({name}), own=namespace)
    if is_nil and (len(operation) or operation.text):  # Schema part 1 §3.3.4, cvc-elt 3.2.1
        raise InvalidRequestError(element=name, rule="nil")
    parameters = _PARAMETERS[name]
    texts: dict[str, str | None] = {}
    for child in operation:
        tag = etree.QName(child)
        if tag.namespace not in {None, namespace} or tag.localname not in parameters:
            raise InvalidRequestError(element=name, rule="unknown")
        if tag.localname in texts:
            raise InvalidRequestError(element=tag.localname, rule="repeated")
        if len(child) or (child.tail or "").strip(_SPACE):
            raise InvalidRequestError(element=tag.localname, rule="simple")
        is_nil = _check_attributes(child, tag.localname, parameters[tag.localname], own=XSD)
        if is_nil and child.text:
            raise InvalidRequestError(element=tag.localname, rule="nil")
        texts[tag.localname] = None if is_nil else child.text or ""
    if (operation.text or "").strip(_SPACE):
        raise InvalidRequestError(element=name, rule="simple")
    return Parameters(texts)


def check_arguments(operation: _Element) -> None:
    """Read every argument of a verified operation element, as the operation would, and run nothing.

    The signed receipt within a request is looked at by its own check, which needs the service's key.

    Raises: `InvalidRequestError`, `AcuseEncodingError`, `RoleUnknownError`.
    """
    parameters, name = read_parameters(operation), etree.QName(operation).localname
    for one in describe(REQUESTS[name]):
        if one.type is Builtin.INT:
            number = parameters.number(one.name)
            is_role = number in ROLES or (name == _LISTING and number == ALL_ROLES)
            if one.name == "rol" and not is_role:
                raise RoleUnknownError
        elif one.type is Builtin.BOOLEAN:
            parameters.flag(one.name)
        elif one.type is Builtin.BASE64:
            parameters.binary(one.name)


def _check_attributes(element: _Element, name: str, types: frozenset[str], *, own: str) -> bool:
    """Check that the attributes say nothing else than the schema; tell whether the element is nil."""
    if not _ATTRIBUTES.issuperset(map(str, element.attrib)):
        # `href` and `id` would bring content from elsewhere into what was signed.
        raise InvalidRequestError(element=name, rule="attribute")
    stated = element.get(_TYPE)
    if stated is not None:
        prefix, _, local = stated.strip(_SPACE).rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        if local not in types or namespace not in {own, SOAP_ENCODING}:
            raise InvalidRequestError(element=name, rule="type")
    nil = _FLAGS.get(element.get(_NIL, "false").strip(_SPACE))
    if nil is None:
        raise InvalidRequestError(element=name, rule="nil")
    return nil
