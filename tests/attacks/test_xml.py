"""Rows 12 to 30 of the catalogue of attacks: document types, exhaustion, and the shape of the envelope.

Every message but the ones that cannot be signed carries a right signature: the signature does not save it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import EC, PING, SOAP, Draft, Parts, Ref, plain_envelope
from refusals import refused
from stack import NG

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack

LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a 'lol'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
EMPTY_PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
LIST = '<n:ListNotifications xmlns:n="urn:notigateway:v1">{}</n:ListNotifications>'

# --- 12 to 14: document types ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "doctype",
    [
        pytest.param(LAUGHS, id="12-billion-laughs"),
        pytest.param(f"<!DOCTYPE q [<!ENTITY a '{'a' * 100_000}'>]>", id="12-quadratic"),
        pytest.param("<!DOCTYPE e [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", id="13-file"),
        pytest.param("<!DOCTYPE e [<!ENTITY a SYSTEM '{url}'>]>", id="13-http"),
        pytest.param("<!DOCTYPE e [<!ENTITY a SYSTEM 'file:///dev/urandom'>]>", id="13-endless"),
        pytest.param("<!DOCTYPE e [<!ENTITY % a SYSTEM '{url}'> %a;]>", id="13-parameter-entity"),
        pytest.param("<!DOCTYPE soap:Envelope SYSTEM '{url}'>", id="13-external-subset"),
        pytest.param("<!DOCTYPE soap:Envelope PUBLIC '-//X//Y' '{url}'>", id="13-public"),
        pytest.param("<!DOCTYPE soap:Envelope>", id="14-harmless"),
        pytest.param("<!DOCTYPE e [<!ATTLIST x Id ID #IMPLIED>]>", id="14-ids"),
        pytest.param("<!-- c --> <?p i?>\r\n<!DOCTYPE e>", id="14-after-a-comment"),
        pytest.param("<!DOCTYPE e [", id="14-open"),
        pytest.param("<!doctype e>", id="14-lower-case"),
        pytest.param("<!DOCTYPE\te>", id="14-tab"),
    ],
)
def test_a_document_type_is_refused_and_nothing_is_fetched(gateway: Stack, accept: str, doctype: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        signed = Draft(content=accept, prolog="").build()
        for start in (b"", b'<?xml version="1.0" encoding="UTF-8"?>\n', b"\xef\xbb\xbf"):
            data = start + doctype.replace("{url}", url).encode() + signed.replace(b"lol", b"&a;")
            refused(gateway, data, "XML_DOCTYPE_FORBIDDEN")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_12_a_bomb_costs_less_than_fifty_milliseconds(gateway: Stack, accept: str) -> None:
    quadratic = f"<!DOCTYPE q [<!ENTITY a '{'a' * 100_000}'>]>"
    for doctype, use in ((LAUGHS, "&j;"), (quadratic, "&a;" * 10_000)):
        data = doctype.encode() + Draft(content=accept, prolog="").build().replace(
            b"<n:id>", f"<n:id>{use}".encode()
        )
        taken = []
        for _ in range(3):
            started = time.thread_time()
            assert gateway.send(data).code == "XML_DOCTYPE_FORBIDDEN"
            taken.append(time.thread_time() - started)
        assert min(taken) < 0.05


def test_14_a_document_type_in_utf_16_is_refused(gateway: Stack) -> None:
    refused(gateway, f"{LAUGHS}<x>&j;</x>".encode("utf-16"), "XML_NOT_WELL_FORMED")


@pytest.mark.parametrize("place", ["Header", "Body"])
def test_14_a_document_type_further_inside_is_not_xml(gateway: Stack, place: str) -> None:
    data = plain_envelope().replace(f"<soap:{place}>".encode(), f"<soap:{place}><!DOCTYPE e>".encode())
    refused(gateway, data, "XML_NOT_WELL_FORMED")


# --- 15 to 26: exhaustion -------------------------------------------------------------------------


def nested(depth: int, name: str = "a") -> str:
    return f"<{name}>" * depth + f"</{name}>" * depth


def attributes(count: int) -> str:
    return " ".join(f'a{number}="{number}"' for number in range(count))


def declarations(count: int) -> str:
    return " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(count))


TOO_MUCH: dict[str, str] = {
    "15-nested-75000": nested(75_000),
    "15-nested-300": nested(300),
    "15-nested-70": nested(70),
    "15-nested-in-long-names": nested(100, "n" * 500),
    "16-25000-elements": "<a/>" * 25_000,
    "16-70000-elements": "<a/>" * 70_000,
    "16-a-million-attributes": "<a b='c' d='e' f='g' h='i' j='k'/>" * 20_000,
    "17-25000-attributes": f"<a {attributes(25_000)}/>",
    "17-200-attributes": f"<a {attributes(200)}/>",
    "19-element-name": f"<{'n' * 1000}/>",
    "19-huge-element-name": f"<{'n' * 1_000_000}/>",
    "19-attribute-name": f"<a {'n' * 1000}='1'/>",
    "19-attribute-value": f"<a b='{'v' * 100_000}'/>",
    "19-namespace-in-a-name": f"<n:a xmlns:n='urn:{'n' * 1000}'/>",
    "21-namespaces-on-one-element": f"<a {declarations(100)}><b/></a>",
    "21-5000-namespaces": f"<a {declarations(5_000)}>{'<b/>' * 100}</a>",
    "21-namespaces-on-many-elements": f"<a>{f'<b {declarations(10)}/>' * 30}</a>",
}


@pytest.mark.parametrize("content", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_more_than_the_limits_is_refused_before_any_canonicalisation(gateway: Stack, content: str) -> None:
    refused(gateway, plain_envelope(content), "XML_LIMIT_EXCEEDED")
    refused(gateway, plain_envelope(header=content), "XML_LIMIT_EXCEEDED")


def test_16_25000_comments_are_harmless(gateway: Stack) -> None:
    data = Draft(content=EMPTY_PING, ids={"Body": "comments"}).build()
    answer = gateway.send(data.replace(b"</soap:Body>", b"<!-- x -->" * 25_000 + b"</soap:Body>"))
    assert answer.status == 200
    gateway.check(answer)


def test_19_a_long_text_is_refused(gateway: Stack, accept: str) -> None:
    refused(
        gateway,
        Draft(content=accept.replace("<n:id>", "<n:id>" + "x" * 9_000_000)).build(),
        "INVALID_REQUEST",
    )


def test_20_an_array_type_allocates_nothing(gateway: Stack) -> None:
    array = 'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" enc:arrayType="x:string[1000000000]"'
    content = LIST.format(f"<n:pageSize {array}>1</n:pageSize>")
    refused(gateway, Draft(content=content).build(), "INVALID_REQUEST")


def test_20_an_array_type_on_the_body_is_not_read(gateway: Stack) -> None:
    array = 'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" enc:arrayType="x:string[1000000000]"'
    draft = Draft(content=EMPTY_PING, body_attributes=array, ids={"Body": "array"})
    assert gateway.send(draft.build()).status == 200


def a_thousand_references(parts: Parts) -> None:
    """Repeat a right reference; the count is refused before the signature is looked at."""
    signed_info = parts.signature[0]
    signed_info.extend(deepcopy(signed_info[2]) for _ in range(1_000))


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param({"c14n_prefixes": " ".join(f"p{n}" for n in range(3_000))}, id="22-signed-info"),
        pytest.param(
            {"references": (Ref(prefixes=" ".join(f"p{n}" for n in range(3_000))),)}, id="22-reference"
        ),
        pytest.param({"references": (Ref(),) * 1_000}, id="23-one-part-1000-times"),
        pytest.param({"tamper": a_thousand_references}, id="23-1000-references"),
        pytest.param({"references": (Ref("Body"), Ref("Timestamp"), Ref("Body"))}, id="23-one-part-twice"),
        pytest.param({"security_extra": "<wsse:BinarySecurityToken/>" * 1_000}, id="23-1000-tokens"),
    ],
)
def test_a_signature_that_costs_too_much_is_refused(
    gateway: Stack, accept: str, draft: dict[str, object]
) -> None:
    refused(gateway, Draft(content=accept, **draft).build(), "SECURITY_HEADER_INVALID")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        LIST.format('<n:cursor id="a" href="#a"/>'),
        LIST.format('<n:filter id="a"><n:state href="#a"/></n:filter>'),
        LIST.format('<n:filter href="#b"/><n:cursor id="b" href="#c"/><n:pageSize id="c" href="#b"/>'),
    ],
    ids=["26-itself", "26-its-parent", "26-in-a-circle"],
)
def test_circles_of_references_are_not_followed(gateway: Stack, content: str) -> None:
    refused(gateway, Draft(content=content).build(), "INVALID_REQUEST")


# --- 27 to 30: structure --------------------------------------------------------------------------

Change = Callable[[Parts], object]


def body(parts: Parts, content: str = PING) -> etree._Element:
    element = etree.SubElement(parts.root, f"{{{SOAP}}}Body")
    element.append(etree.fromstring(content))
    return element


def instruction() -> etree._ProcessingInstruction:
    return etree.ProcessingInstruction("php", "system('id')")


STRUCTURES: dict[str, Change] = {
    "27-second-body-after": body,
    "27-second-body-before": lambda parts: parts.root.insert(1, body(parts)),
    "27-body-before-header": lambda parts: parts.root.insert(0, parts.body),
    "27-body-without-namespace": lambda parts: etree.SubElement(parts.root, "Body"),
    "27-element-after-body": lambda parts: etree.SubElement(parts.root, "{urn:x}x"),
    "27-element-before-header": lambda parts: parts.root.insert(0, etree.Element("{urn:x}x")),
    "27-two-headers": lambda parts: parts.root.insert(0, etree.Element(f"{{{SOAP}}}Header")),
    "27-header-after-body": lambda parts: parts.root.append(parts.header),
    "27-header-in-body": lambda parts: parts.body.append(parts.header),
    "27-body-in-body": lambda parts: parts.body.append(body(parts)),
    "27-text-in-envelope": lambda parts: setattr(parts.body, "tail", "x"),
    "27-text-in-header": lambda parts: setattr(parts.header, "text", "x"),
    "28-empty-body": lambda parts: parts.body.clear(),
    "28-no-body": lambda parts: parts.root.remove(parts.body),
    "28-text-in-body": lambda parts: setattr(parts.body, "text", "x"),
    "28-two-operations": lambda parts: parts.body.append(etree.fromstring(PING)),
    "28-operation-and-fault": lambda parts: etree.SubElement(parts.body, f"{{{SOAP}}}Fault"),
    "30-instruction-in-body": lambda parts: parts.body.append(instruction()),
    "30-instruction-in-operation": lambda parts: parts.body[0].append(instruction()),
    "30-instruction-in-security": lambda parts: parts.security.append(instruction()),
    "30-instruction-in-signed-info": lambda parts: parts.signature[0].append(instruction()),
    "30-instruction-before-the-root": lambda parts: parts.root.addprevious(instruction()),
    "30-instruction-after-the-root": lambda parts: parts.root.addnext(instruction()),
}


@pytest.mark.parametrize("change", STRUCTURES.values(), ids=STRUCTURES.keys())
@pytest.mark.parametrize("when", ["prepare", "tamper"])
def test_another_structure_of_the_envelope_is_refused(
    gateway: Stack, accept: str, change: Change, when: str
) -> None:
    """Changed before signing, it would be signed so; changed afterwards, the old signature stands."""

    def apply(parts: Parts) -> None:
        change(parts)

    draft = Draft(content=accept, **{when: apply})  # type: ignore[arg-type]
    data = etree.tostring(draft.tree().getroottree(), encoding="UTF-8", xml_declaration=True)
    refused(gateway, data, "ENVELOPE_STRUCTURE")


@pytest.mark.parametrize(
    "content",
    [
        '<n:DeleteEverything xmlns:n="urn:notigateway:v1"/>',
        '<n:ping xmlns:n="urn:notigateway:v1"/>',
        '<n:PingResponse xmlns:n="urn:notigateway:v1"/>',
        '<n:Filter xmlns:n="urn:notigateway:v1"/>',
        '<n:GatewayFault xmlns:n="urn:notigateway:v1"/>',
        '<n:__init__ xmlns:n="urn:notigateway:v1"/>',
        '<n:Ping xmlns:n="urn:notigateway:v2"/>',
        "<Ping/>",
        f'<s:Fault xmlns:s="{SOAP}"><faultcode>s:Client</faultcode><faultstring/></s:Fault>',
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>',
    ],
)
def test_28_an_unknown_operation_is_refused(gateway: Stack, content: str) -> None:
    answer = refused(gateway, Draft(content=content).build(), "OPERATION_UNKNOWN")
    assert b"DeleteEverything" not in answer.body


ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
FOREIGN = "<x xmlns='urn:x' soap:mustUnderstand='{must}' soap:actor='{actor}'/>"


@pytest.mark.parametrize("must", ["1", "true", " 1 "])
@pytest.mark.parametrize(
    "actor", ["", ACTOR, "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"]
)
def test_29_what_must_be_understood_and_is_not_is_refused(
    gateway: Stack, accept: str, must: str, actor: str
) -> None:
    header = FOREIGN.format(must=must, actor=actor)
    refused(gateway, Draft(content=accept, header_before=header).build(), "HEADER_NOT_UNDERSTOOD")


@pytest.mark.parametrize(
    ("must", "actor"), [("0", ""), ("false", ""), ("1", "urn:other"), ("true", "http://other.example/")]
)
def test_29_a_header_for_somebody_else_is_not_our_business(gateway: Stack, must: str, actor: str) -> None:
    header = FOREIGN.format(must=must, actor=actor)
    draft = Draft(content=EMPTY_PING, header_before=header, ids={"Body": f"other-{must}"})
    assert gateway.send(draft.build()).status == 200


@pytest.mark.parametrize("must", ["yes", "2", "TRUE", "01"])
def test_29_another_word_for_must_understand_is_refused(gateway: Stack, accept: str, must: str) -> None:
    header = FOREIGN.format(must=must, actor="")
    refused(gateway, Draft(content=accept, header_before=header).build(), "ENVELOPE_STRUCTURE")


def test_29_a_security_header_in_another_namespace_is_a_foreign_header(gateway: Stack, accept: str) -> None:
    header = "<Security xmlns='urn:x' soap:mustUnderstand='1'/>"
    refused(gateway, Draft(content=accept, header_before=header).build(), "HEADER_NOT_UNDERSTOOD")


def test_a_schema_location_is_never_followed(gateway: Stack, tmp_path: Path) -> None:
    """The schema's validator could read hints for itself; it must not fetch what a message names."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        hint = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:{}="{}"'
        for number, attribute in enumerate(("schemaLocation", "noNamespaceSchemaLocation")):
            value = f"urn:x {url} urn:y {tmp_path}/y.xsd" if number == 0 else url
            content = EMPTY_PING.replace("/>", f" {hint.format(attribute, value)}/>")
            answer = gateway.send(Draft(content=content, ids={"Body": f"hint-{number}"}).build())
            assert answer.tree.find("ng:serverTime", namespaces=NG) is not None
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_prefix_list_is_counted_however_it_is_written(gateway: Stack, accept: str) -> None:
    prefixes = "\t\n".join(["#default", "soap"] * 20)
    draft = Draft(content=accept, references=(Ref(transforms=(EC,), prefixes=prefixes), Ref("Timestamp")))
    refused(gateway, draft.build(), "SECURITY_HEADER_INVALID")
