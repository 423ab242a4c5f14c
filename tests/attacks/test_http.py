"""Rows 1 to 11 and 122 of the catalogue of attacks: HTTP, before and around XML."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import SOAP, Draft, plain_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1
from refusals import assert_refusal, assert_still_answers, refused
from stack import PUBLIC_URL

if TYPE_CHECKING:
    from stack import Stack

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
LIMIT = 10 * 1024 * 1024


class Counted:
    """A request body without end that counts what is read of it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "reading without a limit"
        self.taken += size
        return b" " * size


@pytest.mark.parametrize(
    ("method", "query"),
    [
        pytest.param("GET", "op=AcceptNotifications&id=1", id="1-parameters"),
        pytest.param("GET", "AcceptNotifications", id="1-operation"),
        pytest.param("GET", "", id="1-nothing"),
        pytest.param("GET", "wsdl&AcceptNotifications", id="1-wsdl-and-operation"),
        pytest.param("PUT", "", id="1-put"),
        pytest.param("DELETE", "", id="1-delete"),
        pytest.param("PATCH", "", id="1-patch"),
        pytest.param("OPTIONS", "", id="1-options"),
        pytest.param("post", "", id="1-lower-case"),
        pytest.param("TRACE", "", id="1-trace"),
    ],
)
def test_only_post_executes(gateway: Stack, accept: str, method: str, query: str) -> None:
    data = Draft(content=accept).build()
    answer = refused(gateway, data, "METHOD_NOT_ALLOWED", REQUEST_METHOD=method, QUERY_STRING=query)
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "query",
    ["xsd=../x", "xsd=../../etc/passwd", "xsd=", "xsd=%2e%2e/x", "XSD=..\\x", "xsd=notigateway-v1.wsdl"],
)
def test_1_a_file_that_is_no_schema_of_the_contract_is_nothing(
    gateway: Stack, method: str, query: str
) -> None:
    answer = gateway.send(b"", REQUEST_METHOD=method, QUERY_STRING=query)
    assert answer.status == 404
    if method == "GET":
        assert_refusal(gateway, answer, "PATH_UNKNOWN")


def test_1_head_executes_nothing(gateway: Stack, accept: str) -> None:
    before = gateway.contents()
    answer = gateway.send(Draft(content=accept).build(), REQUEST_METHOD="HEAD")
    assert (answer.status, answer.body) == (405, b"")
    assert gateway.contents() == before


@pytest.mark.parametrize("path", ["", "/", "/notigateway/v1/", "/notigateway/V1", "/notigateway/v1/x", "/é"])
def test_another_path_is_answered_with_nothing(gateway: Stack, accept: str, path: str) -> None:
    refused(gateway, Draft(content=accept).build(), "PATH_UNKNOWN", PATH_INFO=path)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x-gzip", "gzip, identity", "identity, gzip"])
def test_2_compressed_bodies_are_refused_unread(gateway: Stack, encoding: str) -> None:
    stream = Counted()
    environ = {"HTTP_CONTENT_ENCODING": encoding, "wsgi.input": stream}
    refused(gateway, b" " * LIMIT, "UNSUPPORTED_MEDIA_TYPE", **environ)
    assert stream.taken == 0


def test_3_an_announced_oversize_is_refused_unread(gateway: Stack) -> None:
    stream = Counted()
    for announced in (LIMIT + 1, 10**17):
        environ = {"CONTENT_LENGTH": str(announced), "wsgi.input": stream}
        answer = refused(gateway, b"", "REQUEST_TOO_LARGE", **environ)
        assert answer.facts == {"limitBytes": str(LIMIT)}
    assert stream.taken == 0


@pytest.mark.parametrize("announced", [None, ""], ids=["3-absent", "3-empty"])
def test_a_body_without_length_is_read_up_to_the_limit_only(gateway: Stack, announced: str | None) -> None:
    stream = Counted()
    environ = {"CONTENT_LENGTH": announced, "wsgi.input": stream}
    answer = refused(gateway, b"", "REQUEST_TOO_LARGE", **environ)
    assert answer.facts == {"limitBytes": str(LIMIT)}
    assert stream.taken == LIMIT + 1


def test_4_a_body_shorter_than_announced_is_never_processed(gateway: Stack, accept: str) -> None:
    data = Draft(content=accept).build()
    refused(gateway, data, "REQUEST_TRUNCATED", CONTENT_LENGTH=str(len(data) + 1))


def test_4_a_body_longer_than_announced_is_cut_and_refused(gateway: Stack, accept: str) -> None:
    data = Draft(content=accept).build()
    refused(gateway, data, "XML_NOT_WELL_FORMED", CONTENT_LENGTH=str(len(data) - 1))


@pytest.mark.parametrize("announced", ["-1", "+9", "0x10", "1e3", "9.0", "٣", "1_0", "9 9", "9" * 19])
def test_4_a_length_that_is_no_number_is_refused(gateway: Stack, accept: str, announced: str) -> None:
    refused(gateway, Draft(content=accept).build(), "REQUEST_TRUNCATED", CONTENT_LENGTH=announced)


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/xml", id="5-application-xml"),
        pytest.param("multipart/related; type=text/xml; boundary=x", id="25-multipart"),
        pytest.param("application/x-www-form-urlencoded", id="5-form"),
        pytest.param("text/html", id="5-html"),
        pytest.param("", id="5-empty"),
        pytest.param(None, id="5-absent"),
        pytest.param("text", id="5-no-subtype"),
        pytest.param("text/xml; charset=utf-7", id="6-utf-7"),
        pytest.param("text/xml; charset=cp500", id="6-ebcdic"),
        pytest.param("text/xml; charset=utf-16", id="6-utf-16"),
        pytest.param("text/xml; charset=iso-8859-1", id="6-latin"),
        pytest.param("text/xml; charset=nonsense", id="6-unknown"),
        pytest.param("text/xml; charset=", id="6-no-value"),
        pytest.param("text/xml; charset*=utf-8''utf-7", id="6-rfc-2231"),
        pytest.param("text/xml; charset*0=ut; charset*1=f-7", id="6-rfc-2231-pieces"),
        pytest.param("text/xml\r\nX: y; charset=utf-7", id="6-line-break"),
    ],
)
def test_another_content_type_is_refused(gateway: Stack, accept: str, content_type: str | None) -> None:
    refused(gateway, Draft(content=accept).build(), "UNSUPPORTED_MEDIA_TYPE", CONTENT_TYPE=content_type)


# Values in pieces (RFC 2231) that contradict themselves, on which a common reader of headers breaks down; and
# one within which it looks at each semicolon again for every other.
ODD_PARAMETERS = {
    "pieces": "; a*=x; a*1=y",
    "number": "; a*99999999999=x",
    "semicolons": '; a="' + ";" * 8000,
}
XOP_TYPE = 'multipart/related; type="application/xop+xml"; boundary="b"; start-info="text/xml"'


@pytest.mark.parametrize("odd", ODD_PARAMETERS.values(), ids=ODD_PARAMETERS)
@pytest.mark.parametrize("announced", ["text/xml; charset=utf-8", "application/soap+xml", XOP_TYPE])
def test_122_a_media_type_that_has_no_one_meaning_is_refused(
    gateway: Stack, accept: str, announced: str, odd: str
) -> None:
    started = time.thread_time()
    data = Draft(content=accept).build()
    refused(gateway, data, "UNSUPPORTED_MEDIA_TYPE", CONTENT_TYPE=announced + odd)
    head = f"--b\r\nContent-Type: application/xop+xml; type=text/xml{odd[:2000]}\r\n\r\n".encode()
    refused(gateway, head + data + b"\r\n--b--", "MIME_INVALID", CONTENT_TYPE=XOP_TYPE)
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("odd", ODD_PARAMETERS.values(), ids=ODD_PARAMETERS)
def test_122_an_accept_that_has_no_one_meaning_asks_for_nothing(gateway: Stack, odd: str) -> None:
    wanted = f"multipart/related; type=application/xop+xml{odd}"
    answer = gateway.ask("Ping", HTTP_ACCEPT=wanted)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")


@pytest.mark.parametrize(
    "declaration",
    [
        '<?xml version="1.0" encoding="ISO-8859-1"?>',
        '<?xml version="1.0" encoding="UTF-7"?>',
        '<?xml version="1.0" encoding="cp037"?>',
        '<?xml version="1.0" encoding="UTF-16"?>',
        '<?xml version="1.0" encoding="x-unknown"?>',
        '<?xml version="1.1" encoding="UTF-8"?>',
        '<?xml version="1.0"',
    ],
    ids=lambda text: f"6-{text}",
)
def test_a_declaration_that_contradicts_is_refused(gateway: Stack, accept: str, declaration: str) -> None:
    data = Draft(content=accept, prolog="").build()
    refused(gateway, declaration.encode() + data, "XML_NOT_WELL_FORMED")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_6_another_encoding_is_refused(gateway: Stack, accept: str, codec: str) -> None:
    text = Draft(content=accept, prolog="").build().decode()
    if codec == "utf-7":  # `<` may stand for itself in UTF-7; encoded it hides what follows
        refused(gateway, text.replace("<", "+ADw-").encode(), "XML_NOT_WELL_FORMED")
    else:
        refused(gateway, text.encode(codec), "XML_NOT_WELL_FORMED")


@pytest.mark.parametrize(
    "namespace",
    [SOAP12, "http://schemas.xmlsoap.org/soap/envelope", "urn:schemas-xmlsoap-org:soap.v1", "urn:x"],
    ids=lambda text: f"7-{text}",
)
def test_another_envelope_is_a_version_mismatch(gateway: Stack, accept: str, namespace: str) -> None:
    refused(gateway, Draft(content=accept, soap_namespace=namespace).build(), "SOAP_VERSION_MISMATCH")


def test_7_an_envelope_without_namespace_is_a_version_mismatch(gateway: Stack) -> None:
    refused(gateway, b"<Envelope><Body><x/></Body></Envelope>", "SOAP_VERSION_MISMATCH")


@pytest.mark.parametrize(
    "action",
    [
        f'"{NOTIGATEWAY_V1}:ListNotifications"',
        f"{NOTIGATEWAY_V1}:Ping",
        '"AcceptNotifications"',
        '"http://attacker.example/"',
        f'"{NOTIGATEWAY_V1}:AcceptNotifications" "x"',
        f"{NOTIGATEWAY_V1}:acceptnotifications",
    ],
)
def test_8_an_action_of_another_operation_is_refused(gateway: Stack, accept: str, action: str) -> None:
    refused(gateway, Draft(content=accept).build(), "ACTION_MISMATCH", HTTP_SOAPACTION=action)


@pytest.mark.parametrize(
    "action", [None, "", '""', " ", f'"{NOTIGATEWAY_V1}:Ping"', f"{NOTIGATEWAY_V1}:Ping"]
)
def test_9_an_absent_empty_or_right_action_is_welcome(gateway: Stack, action: str | None) -> None:
    assert gateway.ask("Ping", HTTP_SOAPACTION=action).status == 200


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="10-empty"),
        pytest.param(b" \r\n\t", id="10-space"),
        pytest.param(b"hello", id="10-text"),
        pytest.param(b"\xef\xbb\xbf", id="10-bom"),
        pytest.param(plain_envelope()[:-1], id="10-truncated"),
        pytest.param(plain_envelope()[:100], id="10-truncated-in-a-tag"),
        pytest.param(plain_envelope() + b"<x/>", id="10-two-roots"),
        pytest.param(plain_envelope() + b"x", id="10-text-after"),
        pytest.param(plain_envelope() + b"\0", id="10-nul-after"),
        pytest.param(plain_envelope().replace(b"hola", b"ho\0la"), id="10-nul"),
        pytest.param(plain_envelope().replace(b"hola", b"&#0;"), id="10-nul-reference"),
        pytest.param(plain_envelope().replace(b"hola", b"&unknown;"), id="10-unknown-entity"),
        pytest.param(plain_envelope().replace(b"hola", b"\xff\xfe"), id="10-not-utf-8"),
        pytest.param(plain_envelope().replace(b"hola", b"\xc0\xbc"), id="10-overlong-utf-8"),
        pytest.param(plain_envelope().replace(b"hola", b"\xed\xa0\x80"), id="108-lone-surrogate"),
        pytest.param(plain_envelope().replace(b"hola", b"\x01"), id="108-control-character"),
        pytest.param(plain_envelope().replace(b"hola", b"&#xFFFF;"), id="108-U+FFFF"),
        pytest.param(plain_envelope().replace(b"hola", b"&#xD800;"), id="108-surrogate-reference"),
        pytest.param(plain_envelope().replace(b"hola", b"]]>"), id="108-end-of-cdata"),
        pytest.param(b'{"json": true}', id="10-json"),
        pytest.param(b"PK\x03\x04", id="10-zip"),
    ],
)
def test_what_is_not_xml_is_refused_before_anything_else(gateway: Stack, data: bytes) -> None:
    refused(gateway, data, "XML_NOT_WELL_FORMED")


def test_11_a_forged_host_does_not_get_into_the_wsdl(gateway: Stack) -> None:
    forged = {"HTTP_HOST": "attacker.example", "HTTP_X_FORWARDED_HOST": "attacker.example"}
    for query in ("wsdl", "WSDL", "singleWsdl"):
        environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "SERVER_NAME": "attacker.example"}
        answer = gateway.send(b"", **environ, **forged)
        assert answer.status == 200
        assert b"attacker" not in answer.body
        assert f'location="{PUBLIC_URL}"'.encode() in answer.body
    assert_still_answers(gateway)


def test_25_ten_thousand_mime_parts_are_not_read(gateway: Stack) -> None:
    part = b"--x\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n"
    environ = {"CONTENT_TYPE": 'multipart/related; boundary="x"; type="text/xml"'}
    refused(gateway, part * 10_000 + b"--x--", "UNSUPPORTED_MEDIA_TYPE", **environ)


XOP = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:part"/>'


def test_104_an_attachment_never_becomes_part_of_a_signed_text(gateway: Stack) -> None:
    """The Body is signed with the text in it, and sent with an xop:Include to an attachment instead."""
    wanted = str(gateway.publish("ATTACHED"))
    accept = (
        f'<n:AcceptNotifications xmlns:n="{NOTIGATEWAY_V1}"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )
    included = Draft(content=accept).build().replace(wanted.encode(), XOP.encode())
    head = b"--x\r\nContent-Type: application/xop+xml\r\n\r\n"
    part = b"\r\n--x\r\nContent-ID: <part>\r\n\r\n" + wanted.encode() + b"\r\n--x--"
    mime = {"CONTENT_TYPE": 'multipart/related; boundary="x"; type="application/xop+xml"'}
    refused(gateway, head + included + part, "UNSUPPORTED_MEDIA_TYPE", **mime)
    refused(gateway, included, "DIGEST_DIFFERS")
    refused(gateway, Draft(content=accept.replace(wanted, XOP)).build(), "INVALID_REQUEST")


def test_a_body_that_breaks_off_is_answered_or_dropped_without_harm(gateway: Stack) -> None:
    class Broken:
        def read(self, _size: int = -1) -> bytes:
            raise OSError("connection reset")

    before = gateway.contents()
    answer = gateway.send(b"x" * 100, **{"wsgi.input": Broken()})
    assert gateway.contents() == before
    assert_refusal(gateway, answer, "REQUEST_TRUNCATED")
    assert_still_answers(gateway)


def test_the_namespace_of_the_contract_is_not_the_one_of_soap(gateway: Stack) -> None:
    data = Draft(content=f'<s:Fault xmlns:s="{SOAP}"><faultcode>x</faultcode></s:Fault>').build()
    refused(gateway, data, "OPERATION_UNKNOWN")
    assert etree.QName(gateway.ask("Ping").tree).namespace == NOTIGATEWAY_V1
