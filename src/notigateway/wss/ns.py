"""Every namespace and identifier URI that we read or write: no other module spells one.

Sources: SOAP 1.1 and 1.2, WS-Addressing 1.0, OASIS WSS 1.1.1 (SOAP Message Security, X.509 Token
Profile, SwA Profile), W3C XML-DSig 1.1, W3C Exclusive XML Canonicalization 1.0, W3C XOP 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NOTIGATEWAY_V1: Final = "urn:notigateway:v1"
NOTIGATEWAY_ISSUING_V1: Final = "urn:notigateway:issuing:v1"
EVIDENCE_1: Final = "urn:notigateway:evidence:1"
WSCN: Final = "http://ws.wscn.infra.gi.org/"
WSCN_TEST: Final = "http://ws.pruebas.wscn.infra.gi.org/"

XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
SOAP_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
ACTOR_NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
ROLE_NEXT: Final = f"{SOAP12}/role/next"
ROLE_ULTIMATE_RECEIVER: Final = f"{SOAP12}/role/ultimateReceiver"

_WSS_2004: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE: Final = f"{_WSS_2004}-wssecurity-secext-1.0.xsd"
WSU: Final = f"{_WSS_2004}-wssecurity-utility-1.0.xsd"
WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
BASE64: Final = f"{_WSS_2004}-soap-message-security-1.0#Base64Binary"
_X509_PROFILE: Final = f"{_WSS_2004}-x509-token-profile-1.0"
X509V3: Final = f"{_X509_PROFILE}#X509v3"
X509_PKI_PATH: Final = f"{_X509_PROFILE}#X509PKIPathv1"
PKCS7: Final = f"{_X509_PROFILE}#PKCS7"
KEY_IDENTIFIER: Final = f"{_X509_PROFILE}#X509SubjectKeyIdentifier"
THUMBPRINT: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"

WSA: Final = "http://www.w3.org/2005/08/addressing"
WSA_ANONYMOUS: Final = f"{WSA}/anonymous"

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DS11: Final = "http://www.w3.org/2009/xmldsig11#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
XML: Final = "http://www.w3.org/XML/1998/namespace"

XOP: Final = "http://www.w3.org/2004/08/xop/include"
SWA_CONTENT: Final = (
    "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform"
)

EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
INC_C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED_SIGNATURE: Final = f"{DS}enveloped-signature"


def names_in(namespace: str) -> Callable[[str], str]:
    """Return what makes qualified names of a namespace, for elements and attributes, in Clark notation."""
    return lambda name: f"{{{namespace}}}{name}"


soap: Final = names_in(SOAP11)
wsa: Final = names_in(WSA)
wsse: Final = names_in(WSSE)
wsu: Final = names_in(WSU)
ds: Final = names_in(DS)


def namespace_of(tag: str) -> str:
    """Return the namespace of a Clark name, or the empty string when it has none."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


WSU_ID: Final = wsu("Id")
INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"
