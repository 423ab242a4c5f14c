"""The published contract is the contract the code speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

import notigateway.soap  # noqa: F401  (makes Spyne importable)
from instances import Instances
from notigateway.contract.bounds import bounds
from notigateway.errors import InvalidRequestError, UnknownOperationError
from notigateway.soap.contract import Contract
from notigateway.soap.notigateway_issuing_v1.registering_service import RegisteringService
from notigateway.soap.notigateway_issuing_v1.service import IssuingService
from notigateway.soap.notigateway_v1.contacts_service import ContactsService
from notigateway.soap.notigateway_v1.following_service import FollowingService
from notigateway.soap.notigateway_v1.marks_service import MarksService
from notigateway.soap.notigateway_v1.push_service import PushService
from notigateway.soap.notigateway_v1.representation_service import RepresentationService
from notigateway.soap.notigateway_v1.service import MailboxService
from notigateway.soap.notigateway_v1.users_service import UsersService
from notigateway.soap.protocol import Dispatcher
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1

if TYPE_CHECKING:
    from lxml.etree import _Element

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
WSP = "{http://schemas.xmlsoap.org/ws/2004/09/policy}"
POLICY = f"{WSP}Policy"
SP = "{http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702}"
WSAM = "{http://www.w3.org/2007/05/addressing/metadata}"
SERVICES = [
    MailboxService,
    RepresentationService,
    ContactsService,
    FollowingService,
    MarksService,
    PushService,
    UsersService,
]
ERRORS_URL = "https://gateway.example/notigateway/errors"
CONTRACT = Contract("notigateway-v1", NOTIGATEWAY_V1, "https://gateway.example/notigateway/v1", ERRORS_URL)


ISSUING_CONTRACT = Contract(
    "notigateway-issuing-v1",
    NOTIGATEWAY_ISSUING_V1,
    "https://gateway.example/notigateway/issuing/v1",
    ERRORS_URL,
)
PAIRS: list[tuple[Contract, list[Any]]] = [
    (CONTRACT, SERVICES),
    (ISSUING_CONTRACT, [IssuingService, RegisteringService]),
]
each_contract = pytest.mark.parametrize(
    ("contract", "services"), PAIRS, ids=[contract.name for contract, _ in PAIRS]
)


def spyne_schema(contract: Contract, services: list[type]) -> _Element:
    """Return the schema that Spyne derives from the wire types."""
    from spyne.interface.xml_schema import XmlSchema  # noqa: PLC0415  (after notigateway.soap)

    schema = XmlSchema(Dispatcher(services, contract.namespace).application.interface)
    schema.build_interface_document()
    tree: Any = schema.get_interface_document()["tns"]
    return etree.fromstring(etree.tostring(tree))


class Schema:
    """The shape of a schema: per element or type its children with builtin type and occurrence."""

    def __init__(self, root: _Element) -> None:
        self.types = {t.get("name"): t for t in root if t.tag in {f"{XS}complexType", f"{XS}simpleType"}}
        self.elements = {e.get("name"): e for e in root if e.tag == f"{XS}element"}

    def builtin(self, name: str) -> str:
        """Return the builtin or complex type that a type name stands for."""
        prefix, _, local = name.rpartition(":")
        found = self.types.get(local)
        if prefix == "xs" or found is None or found.tag == f"{XS}complexType":
            return local
        restriction = found.find(f"{XS}restriction")
        assert restriction is not None
        return self.builtin(str(restriction.get("base")))

    def children(self, owner: _Element) -> list[tuple[str, str, str, str]]:
        """Return name, type, minimum and maximum of each child element, in order."""
        return [
            (
                str(e.get("name")),
                self.builtin(str(e.get("type"))),
                e.get("minOccurs", "1"),
                # A bound is kept by the service: the schema says that it is a list.
                "1" if e.get("maxOccurs", "1") == "1" else "unbounded",
            )
            for e in owner.iterfind(f".//{XS}element")
            if e is not owner
        ]

    def shape(self, name: str) -> list[tuple[str, str, str, str]]:
        """Return the shape of a complex type or of a global element."""
        owner = self.types.get(name)
        if owner is None:
            owner = self.elements[name]
        return self.children(owner)


# A fault's detail is written by soap/faults.py, not by a Spyne type; functional tests validate it.
OWN = {"GatewayFault", "Fact", "FactText"}
SCHEMAS = {
    contract.name: (
        Schema(etree.fromstring(contract.schema)),
        Schema(spyne_schema(contract, services)),
    )
    for contract, services in PAIRS
}


def complex_types(schema: Schema) -> set[str]:
    return {str(name) for name, t in schema.types.items() if t.tag == f"{XS}complexType"}


def parts(schema: Schema) -> set[str]:
    return (complex_types(schema) | set(map(str, schema.elements))) - OWN


@each_contract
def test_the_published_schema_names_what_the_code_names(contract: Contract, services: list[type]) -> None:
    published, from_code = SCHEMAS[contract.name]
    assert complex_types(from_code) == parts(published)


@pytest.mark.parametrize(
    ("contract", "name"),
    [(name, part) for name, (published, _) in SCHEMAS.items() for part in sorted(parts(published))],
)
def test_the_published_type_has_the_shape_of_the_code(contract: str, name: str) -> None:
    published, from_code = SCHEMAS[contract]
    assert published.shape(name) == from_code.shape(name)


@each_contract
def test_every_operation_of_the_contract_is_served_and_no_other(
    contract: Contract, services: list[Any]
) -> None:
    served = {d.name for service in services for d in service.public_methods.values()}
    assert served == contract.operations


@each_contract
def test_every_part_of_the_contract_is_documented(contract: Contract, services: list[type]) -> None:
    schema = etree.fromstring(contract.schema)
    for part in schema.iter(f"{XS}element", f"{XS}enumeration", f"{XS}attribute"):
        text = part.findtext(f"{XS}annotation/{XS}documentation")
        assert text, f"{part.get('name') or part.get('value')} has no documentation"
    wsdl = etree.fromstring(contract.wsdl)
    for operation in wsdl.iterfind(f"{WSDL}portType/{WSDL}operation"):
        assert operation.findtext(f"{WSDL}documentation")


def test_both_contracts_ask_for_the_same_security() -> None:
    policies = [
        [etree.tostring(one, method="c14n") for one in etree.fromstring(contract.wsdl).iterfind(POLICY)]
        for contract, _ in PAIRS
    ]
    assert len(policies[0]) == 3
    for one, other in zip(*policies, strict=True):
        assert one.partition(b">")[2] == other.partition(b">")[2]  # but for the namespaces in scope


@each_contract
def test_the_policy_names_the_signature_that_its_suite_does_not(
    contract: Contract, services: list[type]
) -> None:
    """`Basic256Sha256` is over SHA-1 by its letter; Metro takes another one from this attribute."""
    (suite,) = etree.fromstring(contract.wsdl).iter(f"{SP}AlgorithmSuite")
    assert dict(suite.attrib) == {"signatureAlgorithm": "SHA256withRSA"}


@each_contract
def test_addressing_is_offered_and_not_asked_for(contract: Contract, services: list[type]) -> None:
    for wsdl in (contract.wsdl, contract.wsdl_soap12):
        root = etree.fromstring(wsdl)
        (offered,) = root.iter(f"{WSAM}Addressing")
        assert offered.get(f"{WSP}Optional") == "true"
        (binding,) = root.iterfind(f"{WSDL}binding")
        named = {str(one.get("URI")) for one in binding.iterfind(f"{WSP}PolicyReference")}
        assert named == {"#SignedByBothParties", "#AddressingOffered"}


def test_an_imported_schema_is_served_at_the_same_address() -> None:
    assert (
        b'schemaLocation="https://gateway.example/notigateway/issuing/v1?xsd=notigateway-fault-v1.xsd"'
        in ISSUING_CONTRACT.wsdl
    )
    imported = {"notigateway-issuing-v1.xsd", "notigateway-fault-v1.xsd"}
    assert set(ISSUING_CONTRACT.schemas) == {*imported, "notigateway-v1.xsd"}  # which earlier WSDLs import
    assert set(CONTRACT.schemas) == {"notigateway-v1.xsd"}


def test_the_served_address_is_the_configured_one() -> None:
    assert b'location="https://gateway.example/notigateway/v1"' in CONTRACT.wsdl
    assert b'schemaLocation="https://gateway.example/notigateway/v1?xsd=notigateway-v1.xsd"' in CONTRACT.wsdl
    assert b"127.0.0.1" not in CONTRACT.wsdl


def request(text: str) -> _Element:
    return etree.fromstring(text.replace(">", f' xmlns="{NOTIGATEWAY_V1}">', 1))


def filtered(text: str) -> str:
    return f"<ListNotifications ><filter>{text}</filter></ListNotifications>"


ID = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize(
    ("text", "element", "rule"),
    [
        ("<ListNotifications ><pageSize>0</pageSize></ListNotifications>", "pageSize", "mininclusive"),
        ("<ListNotifications ><pageSize>1001</pageSize></ListNotifications>", "pageSize", "maxinclusive"),
        ("<ListNotifications ><pageSize>NaN</pageSize></ListNotifications>", "pageSize", "datatype"),
        (filtered("<state>open</state>"), "state", "enumeration"),
        (filtered("<deadlineBefore>2026-01-01T00:00:00</deadlineBefore>"), "deadlineBefore", "pattern"),
        (f"<AcceptNotifications >{f'<id>{ID}</id>' * 501}</AcceptNotifications>", "id", "element_content"),
        ("<AcceptNotifications ><id>1 OR 1=1</id></AcceptNotifications>", "id", "pattern"),
        ("<AcceptNotifications ></AcceptNotifications>", "AcceptNotifications", "element_content"),
        (
            '<AcceptNotifications ><id href="#elsewhere"/></AcceptNotifications>',
            "id",
            "cvc_type",
        ),
    ],
)
def test_a_request_that_breaks_the_schema_is_told_where(text: str, element: str, rule: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        CONTRACT.check(request(text))
    assert caught.value.facts["element"] == element
    assert rule in str(caught.value.facts["rule"])


BOUNDED = [
    (contract, owner, child, most)
    for contract, _ in PAIRS
    for (owner, child), most in bounds(contract.namespace).items()
    if not owner.endswith("Response")
]
# The messages in which the types stand that bound something.
STANDS_IN = {"Filter": "ListNotifications", "Act": "PublishActs"}


@pytest.mark.parametrize(
    ("contract", "owner", "child", "most"),
    BOUNDED,
    ids=[f"{owner}.{child}" for _, owner, child, _ in BOUNDED],
)
def test_one_more_than_a_request_may_repeat_is_refused_though_the_schema_lists_it(
    contract: Contract, owner: str, child: str, most: int
) -> None:
    made, message = Instances(contract.name), STANDS_IN.get(owner, owner)
    published = etree.XMLSchema(etree.fromstring(contract.schema))
    contract.check(made.of(message, {(owner, child): most}))
    too_many = made.of(message, {(owner, child): most + 1})
    assert published.validate(too_many)
    with pytest.raises(InvalidRequestError) as caught:
        contract.check(too_many)
    assert caught.value.facts == {"element": child, "rule": "element_content"}


def test_an_error_names_only_words_of_the_schema() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        CONTRACT.check(request("<Ping ><attackersWord/></Ping>"))
    assert caught.value.facts["element"] == "Ping"


@pytest.mark.parametrize("text", ["<Pong/>", f'<Ping xmlns="{NOTIGATEWAY_V1}2"/>', "<PingResponse/>"])
def test_an_unknown_operation_is_refused(text: str) -> None:
    with pytest.raises(UnknownOperationError):
        CONTRACT.operation_name(etree.fromstring(text))
