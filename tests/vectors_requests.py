"""The vectors of signed requests: how their envelopes may be built, and how not."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from envelopes import BASE64, EC, ENVELOPED, SOAP, THUMBPRINT, X509V3, Ref, key_info_text
from vector_evidence import request
from vector_keys import holder
from vector_kind import LARGE, Vector, but
from vectors_bundles import asking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envelopes import Parts

_NEEDS: Final = ("caller's signature",)
_REFERENCE: Final = f'<wsse:Reference URI="#x509-1" ValueType="{X509V3}"/>'
_KEY_INFO: Final = key_info_text(_REFERENCE)


def requests() -> Iterator[Vector]:
    """Yield them."""
    yield from _good()
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "text-in-security": ("A text in Security.", {"security_extra": "so"}),
        "foreign-in-security": ("An element in Security that nobody knows.", {"security_extra": _FOREIGN}),
        "two-timestamps": ("Two Timestamps.", {"security_extra": _ANOTHER_TIME}),
        "two-key-infos": ("KeyInfo twice.", {"signature_extra": _KEY_INFO}),
        "no-key-info": ("No KeyInfo.", {"key_info": ""}),
        "object": ("A ds:Object in the signature.", {"signature_extra": "<ds:Object/>"}),
        "text-in-header": ("A text in the Header.", {"header_after": "so"}),
        "body-first": ("Body before Header.", {"tamper": _body_first}),
        "behind-the-body": ("An element behind the Body.", {"after_body": _FOREIGN}),
        "two-operations": ("Two elements in the Body.", {"prepare": _two_operations}),
        "no-name": ("An xml:id that is no name.", {"header_after": '<x:y xmlns:x="urn:x" xml:id="1 2"/>'}),
        "one-name-twice": ("An ID that another element has.", {"header_after": _SAME_NAME}),
        "part-of-a-part": ("A reference to an element in the Timestamp.", _INSIDE),
        "dangling": ("KeyInfo points to a token that is not there.", {"key_info": _DANGLING}),
        "not-understood": ("A header that must be understood, and is not.", {"header_after": _MUST}),
        "stale": ("A Timestamp of two days before.", {"created": "2026-05-30T12:00:00Z"}),
    }
    for name, (says, more) in cases.items():
        if name == "no-name":
            asked = request().replace(b"</soap:Header>", f"{more['header_after']}</soap:Header>".encode())
        else:
            asked = request(**more)
        yield Vector(
            name=f"request-{name}",
            data=asking(asked).build(),
            rule="V50",
            needs=_NEEDS,
            steps=but(LARGE, callers_signature="f", signers_status="s"),
            says=says,
        )


def _good() -> Iterator[Vector]:
    transforms = (ENVELOPED, EC)
    enveloped = request(
        references=(Ref("Body", transforms=transforms), Ref("Timestamp", transforms=transforms))
    )
    yield Vector(
        name="request-enveloped",
        data=asking(enveloped).build(),
        steps=LARGE,
        is_told=True,
        says="A request with a transform that changes nothing, as node-soap writes it.",
    )
    print_of = base64.b64encode(hashlib.sha1(holder("caller").der).digest()).decode()  # noqa: S324
    identifier = f'<wsse:KeyIdentifier EncodingType="{BASE64}" ValueType="{THUMBPRINT}">{print_of}'
    named = asking(request(token="", key_info=key_info_text(f"{identifier}</wsse:KeyIdentifier>")))
    yield Vector(
        name="request-that-names-its-certificate",
        data=named.build(),
        steps=LARGE,
        is_told=True,
        says="A request that only names its certificate, which is in the bundle.",
    )
    yield Vector(
        name="request-of-who-is-not-told",
        data=named.but(certificates_caller_cer=None).build(),
        steps=but(LARGE, callers_signature="s", signers_status="s"),
        is_told=True,
        says="A request that only names its certificate, which is nowhere.",
    )


_FOREIGN: Final = '<x:y xmlns:x="urn:x"/>'
_ANOTHER_TIME: Final = "<wsu:Timestamp><wsu:Created>2026-06-01T12:00:00Z</wsu:Created></wsu:Timestamp>"
_SAME_NAME: Final = '<x:y xmlns:x="urn:x" ID="id-1"/>'
_DANGLING: Final = key_info_text(_REFERENCE.replace("x509-1", "nothing"))
_MUST: Final = f'<x:y xmlns:x="urn:x" soap:mustUnderstand="1" xmlns:soap="{SOAP}"/>'
_INSIDE: Final = {
    "references": (Ref("Body"), Ref("Timestamp"), Ref("created")),
    "timestamp": '<wsu:Timestamp wsu:Id="ts-1"><wsu:Created wsu:Id="created">2026-06-01T12:00:00Z'
    "</wsu:Created></wsu:Timestamp>",
}


def _two_operations(parts: Parts) -> None:
    etree.SubElement(parts.body, "{urn:x}y")


def _body_first(parts: Parts) -> None:
    parts.root.insert(0, parts.body)
