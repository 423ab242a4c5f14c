"""Rows 68 to 83 of the catalogue of attacks: what changes nothing, and by whose key it is signed."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from envelopes import (
    BASE64,
    WSSE,
    X509V3,
    Draft,
    Ref,
    key_info_text,
)
from notigateway.wss.ns import NOTIGATEWAY_V1
from pki import pki
from refusals import assert_answered, refused
from stack import NG, text

if TYPE_CHECKING:
    from stack import Stack

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0"
TOKEN = f'<wsse:Reference URI="#x509-1" ValueType="{X509V3}"/>'
TOKEN_REFERENCE = f"<wsse:SecurityTokenReference>{TOKEN}</wsse:SecurityTokenReference>"
DS11 = "http://www.w3.org/2009/xmldsig11#"

# --- 68 to 71: what changes nothing ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("71-space-outside", b"<soap:Header>", b"<soap:Header>\r\n\t"),
        ("71-quotes", b'Body wsu:Id="b71-quotes"', b"Body  wsu:Id = 'b71-quotes' "),
        ("71-line-ends", b"><soap:Body", b">\r\n<soap:Body"),
        ("71-attribute-order", b'soap:mustUnderstand="1">', b'a="" soap:mustUnderstand="1">'),
        ("71-another-prefix", b"wsse:SecurityTokenReference>", b"w:SecurityTokenReference>"),
        ("71-root-attribute", b"<soap:Envelope ", b'<soap:Envelope xml:lang="es" '),
        ("71-cdata", b"12:05:00.000Z", b"<![CDATA[12:05:00]]>.000Z"),
        ("71-reference", b"12:05:00.000Z", b"12:05:00.&#x30;00Z"),
        ("70-comment-in-timestamp", b"12:05:00.000Z", b"12:05<!-- c -->:00.000Z"),
    ],
)
def test_what_the_canonical_form_does_not_see_is_welcome(
    gateway: Stack, name: str, old: bytes, new: bytes
) -> None:
    data = Draft(content=PING, ids={"Body": f"b{name}"}).build()
    assert old in data
    declared = data.replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:w="%s" ' % WSSE.encode())
    answer = gateway.send(declared.replace(old, new))
    assert_answered(gateway, answer, "Ping")


def test_71_line_ends_of_another_system_are_the_same_text(gateway: Stack) -> None:
    """A signer of LF, sent with CR LF, which every parser reads as LF; a written `&#13;` is no line end."""
    content = f'<n:ListNotifications xmlns:n="{NOTIGATEWAY_V1}">\n</n:ListNotifications>'
    data = Draft(content=content).build()
    refused(gateway, data.replace(b'v1">\n</n:', b'v1">&#13;\n</n:'), "DIGEST_DIFFERS")
    answer = gateway.send(data.replace(b'v1">\n</n:', b'v1">\r\n</n:'))
    assert_answered(gateway, answer, "ListNotifications")


def test_68_prefixes_may_be_written_in_any_way(gateway: Stack) -> None:
    odd = "\t soap  #default\r\nnowhere soap\n"
    references = (Ref("Body", prefixes=odd), Ref("Timestamp", prefixes=odd))
    draft = Draft(content=PING, c14n_prefixes=odd, references=references, ids={"Body": "prefixes"})
    assert_answered(gateway, gateway.send(draft.build()), "Ping")


def test_70_a_comment_does_not_cut_what_is_read(gateway: Stack) -> None:
    wanted = str(gateway.publish("COMMENTED"))
    operation = '<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{}</n:id></n:AcceptNotifications>'
    data = Draft(content=operation.format(wanted), ids={"Body": "comment"}).build()
    cut = data.replace(wanted.encode(), f"<!--a-->{wanted[:8]}<!-- b -->{wanted[8:]}<!--c-->".encode())
    item = gateway.check(gateway.send(cut)).find("ng:item", namespaces=NG)
    assert item is not None
    assert (text(item, "id"), text(item, "outcome")) == (wanted, "decided")


# --- 72 to 83: the key ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key_info", "code"),
    [
        pytest.param("", "SECURITY_HEADER_INVALID", id="72-none"),
        pytest.param("<ds:KeyInfo/>", "SECURITY_HEADER_INVALID", id="72-empty"),
        pytest.param(key_info_text(TOKEN + TOKEN), "SECURITY_HEADER_INVALID", id="72-two-references"),
        pytest.param(
            f"<ds:KeyInfo>{2 * TOKEN_REFERENCE}</ds:KeyInfo>", "SECURITY_HEADER_INVALID", id="72-two-children"
        ),
        pytest.param("<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>", "SECURITY_HEADER_INVALID", id="73-alone"),
        pytest.param(
            f"<ds:KeyInfo><ds:KeyValue/>{TOKEN_REFERENCE}</ds:KeyInfo>",
            "SECURITY_HEADER_INVALID",
            id="73-beside",
        ),
        pytest.param(
            f"<ds:KeyInfo>{TOKEN_REFERENCE}<ds:KeyValue/></ds:KeyInfo>",
            "SECURITY_HEADER_INVALID",
            id="73-behind",
        ),
        pytest.param(
            '<ds:KeyInfo><ds:RetrievalMethod URI="{url}"/></ds:KeyInfo>',
            "TOKEN_UNAVAILABLE",
            id="74-retrieval",
        ),
        pytest.param(
            f'<ds:KeyInfo><d:KeyInfoReference xmlns:d="{DS11}" URI="{{url}}"/></ds:KeyInfo>',
            "TOKEN_UNAVAILABLE",
            id="74-key-info-reference",
        ),
        pytest.param(key_info_text('<wsse:Reference URI="{url}"/>'), "TOKEN_UNAVAILABLE", id="74-external"),
        pytest.param(
            key_info_text('<wsse:Reference URI="ldap://127.0.0.1/cn=x"/>'), "TOKEN_UNAVAILABLE", id="74-ldap"
        ),
        pytest.param(key_info_text('<wsse:Reference URI="#nobody"/>'), "TOKEN_UNAVAILABLE", id="74-nobody"),
        pytest.param(
            "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>", "TOKEN_TYPE_UNSUPPORTED", id="75-name"
        ),
        pytest.param(key_info_text("<wsse:Embedded/>"), "TOKEN_TYPE_UNSUPPORTED", id="75-embedded"),
        pytest.param(
            key_info_text("<wsse:KeyIdentifier/>"), "TOKEN_TYPE_UNSUPPORTED", id="79-key-identifier"
        ),
        pytest.param(key_info_text("<ds:X509Data/>"), "TOKEN_TYPE_UNSUPPORTED", id="79-issuer-serial"),
    ],
)
def test_another_way_to_the_key_is_refused_and_nothing_is_fetched(
    gateway: Stack, accept: str, key_info: str, code: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        refused(gateway, Draft(content=accept, key_info=key_info.replace("{url}", url)).build(), code)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_77_a_signature_by_the_second_token_is_the_attackers(gateway: Stack, accept: str) -> None:
    mine, attacker = pki().company_seal, pki().wrong_issuer
    token = base64.b64encode(mine.certificate.public_bytes(Encoding.DER)).decode()
    first = f'<wsse:BinarySecurityToken wsu:Id="a" ValueType="{X509V3}">{token}</wsse:BinarySecurityToken>'
    for order in (("Extra", "Timestamp", "Token", "Signature"), ("Timestamp", "Token", "Signature", "Extra")):
        draft = Draft(content=accept, pair=attacker, security_extra=first, order=order)
        refused(gateway, draft.build(), "ISSUER_NOT_AUTHORISED")


def test_77_a_token_without_its_key_proves_nothing(gateway: Stack, accept: str) -> None:
    mine, other = pki().company_seal, pki().person
    token = base64.b64encode(mine.certificate.public_bytes(Encoding.DER)).decode()
    refused(gateway, Draft(content=accept, pair=other, token_text=token).build(), "SIGNATURE_WRONG")


@pytest.mark.parametrize(
    ("attributes", "text", "code"),
    [
        pytest.param(None, "", "TOKEN_INVALID", id="81-empty"),
        pytest.param(None, "!!!!", "TOKEN_INVALID", id="81-alphabet"),
        pytest.param(None, "QUJ", "TOKEN_INVALID", id="81-padding"),
        pytest.param(None, "QUI=QUI=", "TOKEN_INVALID", id="81-behind-the-padding"),
        pytest.param(None, "QUJD", "TOKEN_INVALID", id="81-no-certificate"),
        pytest.param(None, "A" * 100_000, "TOKEN_INVALID", id="81-long"),
        pytest.param(
            None,
            '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:x"/>',
            "TOKEN_INVALID",
            id="81-xop",
        ),
        pytest.param(
            f'EncodingType="{WSS}#HexBinary" ValueType="{X509V3}"', None, "TOKEN_INVALID", id="81-hex"
        ),
        pytest.param(f'EncodingType="{BASE64}"', None, "TOKEN_TYPE_UNSUPPORTED", id="82-absent"),
        *(
            pytest.param(
                f'ValueType="{X509V3.replace("X509v3", kind)}"',
                None,
                "TOKEN_TYPE_UNSUPPORTED",
                id=f"82-{kind}",
            )
            for kind in ("X509v1", "X509SubjectKeyIdentifier", "Kerberosv5_AP_REQ")
        ),
    ],
)
def test_another_token_is_refused(
    gateway: Stack, accept: str, attributes: str | None, text: str | None, code: str
) -> None:
    draft = Draft(content=accept, token_text=text)
    if attributes is not None:
        draft.token_attributes = attributes
    refused(gateway, draft.build(), code)


def test_82_a_saml_assertion_is_refused(gateway: Stack, accept: str) -> None:
    assertion = '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="a"/>'
    refused(gateway, Draft(content=accept, security_extra=assertion).build(), "TOKEN_TYPE_UNSUPPORTED")
