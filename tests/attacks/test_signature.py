"""Rows 53 to 66 of the catalogue of attacks: changes, the signature's shape, references."""

from __future__ import annotations

import base64
import hashlib
import socket
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import (
    MORE,
    RSA_SHA256,
    SHA256,
    SIGN_BODY_AND_TIMESTAMP,
    Draft,
    Parts,
    Ref,
    signature_value,
)
from pki import pki
from refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair
    from stack import Stack


# --- 53, 54: one byte, one bit --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        pytest.param(b"<n:id>0", b"<n:id>1", "Body", id="53-argument"),
        pytest.param(b"AcceptNotifications>", b"RejectNotifications>", "Body", id="53-operation"),
        pytest.param(b"<n:id>", b"<n:id><n:id/>", "Body", id="53-element-added"),
        pytest.param(b"</n:id>", b"</n:id> ", "Body", id="53-space-added"),
        pytest.param(b'Body wsu:Id="id-1"', b'Body wsu:Id="id-1" a=""', "Body", id="53-attribute-added"),
        pytest.param(b"12:05:00", b"12:05:01", "Timestamp", id="53-timestamp"),
        pytest.param(b">signed<", b">Signed<", "header", id="53-header"),
    ],
)
def test_a_change_after_signing_is_refused(
    gateway: Stack, accept: str, old: bytes, new: bytes, part: str
) -> None:
    data = Draft(
        content=accept,
        header_before='<h xmlns="urn:h" wsu:Id="h1">signed</h>',
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("h1")),
    ).build()
    assert old in data
    changed = data.replace(old, new)
    if old.startswith(b"Accept"):
        changed = changed.replace(b"<n:AcceptNotifications ", b"<n:RejectNotifications ")
    assert refused(gateway, changed, "DIGEST_DIFFERS").facts == {"part": part}


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "54-one-bit": lambda value: value[:-1] + bytes([value[-1] ^ 1]),
    "54-empty": lambda _value: b"",
    "54-truncated": lambda value: value[:-1],
    "54-longer": lambda value: value + b"\0",
    "54-longer-at-the-front": lambda value: b"\0" + value,
    "54-twice": lambda value: value * 2,
    "61-zeros": lambda value: bytes(len(value)),
    "61-ones": lambda value: b"\xff" * len(value),
    "61-r-and-s-one": lambda value: (1).to_bytes(len(value) // 2) * 2,
}


@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_signature_value_is_refused(
    gateway: Stack, accept: str, holder: str, change: Callable[[bytes], bytes]
) -> None:
    pair: KeyPair = getattr(pki(), holder)
    method = RSA_SHA256 if holder == "company_seal" else f"{MORE}ecdsa-sha256"
    draft = Draft(
        content=accept, pair=pair, sign=lambda octets: change(signature_value(pair, method, octets))
    )
    refused(gateway, draft.build(), "SIGNATURE_WRONG")


@pytest.mark.parametrize("text", ["", "!!", "á", "QUI", "A" * 100_000], ids=lambda text: f"54-{text[:3]}")
def test_a_signature_value_that_is_no_base64_is_refused(gateway: Stack, accept: str, text: str) -> None:
    draft = Draft(content=accept, tamper=lambda parts: setattr(parts.signature[1], "text", text))
    refused(gateway, draft.build(), "SIGNATURE_WRONG")


def test_53_a_digest_that_is_empty_is_refused(gateway: Stack, accept: str) -> None:
    for digest in (" ", "AAAA", base64.b64encode(bytes(32)).decode()):
        references = (Ref("Body", digest_value=digest), Ref("Timestamp"))
        refused(gateway, Draft(content=accept, references=references).build(), "DIGEST_DIFFERS")


# --- 55, 56, 65: the shape of the signature -------------------------------------------------------


def again(*path: int) -> Callable[[Parts], None]:
    """Repeat the child of Signature with that index inside the element at the path."""

    def repeat(parts: Parts) -> None:
        target = parts.signature
        for step in path[:-1]:
            target = target[step]
        target.insert(path[-1], deepcopy(parts.signature[0]))

    return repeat


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(again(0), id="56-signed-info-before"),
        pytest.param(again(1), id="56-signed-info-between"),
        pytest.param(again(3), id="56-signed-info-after"),
        pytest.param(again(0, 4), id="56-signed-info-nested"),
        pytest.param(again(0, 0), id="56-signed-info-nested-first"),
        pytest.param(lambda parts: parts.signature.append(parts.signature[0]), id="56-signed-info-last"),
        pytest.param(lambda parts: parts.signature.remove(parts.signature[1]), id="56-no-value"),
        pytest.param(lambda parts: parts.signature.remove(parts.signature[0]), id="56-no-signed-info"),
        pytest.param(lambda parts: setattr(parts.signature, "text", "x"), id="56-text"),
        pytest.param(
            lambda parts: parts.signature[0].append(etree.Element("{urn:x}x")), id="56-foreign-in-signed-info"
        ),
    ],
)
def test_another_shape_of_the_signature_is_refused(
    gateway: Stack, accept: str, tamper: Callable[[Parts], None]
) -> None:
    refused(gateway, Draft(content=accept, tamper=tamper).build(), "SECURITY_HEADER_INVALID")


MANIFEST = (
    f'<ds:Object><ds:Manifest Id="m1"><ds:Reference URI="#id-1"><ds:DigestMethod Algorithm="{SHA256}"/>'
    "<ds:DigestValue/></ds:Reference></ds:Manifest></ds:Object>"
)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param("<ds:Object/>", id="65-object"),
        pytest.param(MANIFEST, id="65-manifest"),
        pytest.param("<ds:Object><ds:SignatureProperties/></ds:Object>", id="65-properties"),
    ],
)
def test_objects_in_the_signature_are_refused(gateway: Stack, accept: str, extra: str) -> None:
    refused(gateway, Draft(content=accept, signature_extra=extra).build(), "SECURITY_HEADER_INVALID")


def test_65_a_manifest_cannot_stand_for_the_body(gateway: Stack, accept: str) -> None:
    draft = Draft(
        content=accept,
        signature_extra=MANIFEST,
        references=(Ref("m1", uri="#m1"), Ref("Timestamp")),
    )
    refused(gateway, draft.build(), "SECURITY_HEADER_INVALID")


# --- 66: references to elsewhere ------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "{url}",
        "cid:part@example",
        "id-1",
        "../id-1",
        "/etc/passwd",
        "#unknown",
        "##id-1",
        "data:text/xml,<x/>",
    ],
    ids=lambda uri: f"66-{uri}",
)
def test_a_reference_to_elsewhere_is_refused_and_not_fetched(gateway: Stack, accept: str, uri: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        uri = uri.replace("{url}", f"http://127.0.0.1:{listener.getsockname()[1]}/")
        references = (*SIGN_BODY_AND_TIMESTAMP, Ref("Body", uri=uri.replace("<", "&lt;")))
        draft = Draft(content=accept, references=references)
        refused(gateway, draft.build(), "REFERENCE_NOT_RESOLVED")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_66_a_reference_without_uri_is_refused(gateway: Stack, accept: str) -> None:
    def remove(parts: Parts) -> None:
        del parts.signature[0][2].attrib["URI"]

    refused(gateway, Draft(content=accept, prepare=remove).build(), "REFERENCE_NOT_RESOLVED")


def test_the_digest_of_the_accept_is_the_one_that_was_signed(gateway: Stack, accept: str) -> None:
    """A reference whose digest is right for another canonical form of the Body is wrong."""
    draft = Draft(content=accept)
    body = etree.tostring(draft.tree()[1], method="c14n")
    wrong = base64.b64encode(hashlib.sha256(body).digest()).decode()
    draft.references = (Ref("Body", digest_value=wrong), Ref("Timestamp"))
    refused(gateway, draft.build(), "DIGEST_DIFFERS")
