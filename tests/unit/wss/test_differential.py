"""Thousands of damaged messages: whatever we accept is the signed content, and others agree.

The damage is random but repeatable. Two claims: nothing that both xmlsec and signxml refuse passes
our verifier, and what passes has the Body and the Timestamp that were signed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from client_shapes import CLIENT_SHAPES, wse_php
from envelopes import NS, SIGN_BODY_AND_TIMESTAMP, Draft, Ref, exclusive
from mutations import damage_bytes, damage_tree
from notigateway.errors import GatewayError
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope
from oracles import signxml_accepts, xmlsec_accepts
from pki import NOW, pki
from verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable

BYTE_DAMAGES = 600
TREE_DAMAGES = 500
SOAK_DAMAGES = 3_000


def ours() -> bytes:
    pair = pki().company_seal
    content = b'<n:Ping xmlns:n="urn:notigateway:v1"><n:text>hola</n:text></n:Ping>'
    return sign_envelope(
        content, signer=Signer(pair.key, pair.certificate), now=NOW, form=EnvelopeForm(must_understand=True)
    )


MESSAGES: dict[str, Callable[[], bytes]] = {
    "ours": ours,
    "zeep": lambda: CLIENT_SHAPES["zeep"](pki().company_seal),
    "wse-php": lambda: wse_php(pki().ec_company).build(),
    "cxf": lambda: CLIENT_SHAPES["cxf"](pki().company_seal),
    "node-soap": lambda: CLIENT_SHAPES["node-soap"](pki().company_seal),
    "path": lambda: CLIENT_SHAPES["x509-data-path"](pki().company_seal),
    "headers": lambda: Draft(
        header_before='<h xmlns="urn:h" wsu:Id="h1"><i>x</i></h>',
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("h1", prefixes="soap wsu")),
    ).build(),
}


def signed_parts(data: bytes) -> list[bytes]:
    root = etree.fromstring(data, etree.XMLParser(remove_comments=True))
    body = next(child for child in root if etree.QName(child).localname == "Body")
    timestamp = root.find(".//wsse:Security/wsu:Timestamp", NS)
    assert timestamp is not None
    return [exclusive(body), exclusive(timestamp)]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize(("damage", "count"), [(damage_bytes, BYTE_DAMAGES), (damage_tree, TREE_DAMAGES)])
def test_what_we_accept_others_accept_and_it_is_what_was_signed(
    message: str, damage: Callable[[bytes, random.Random], bytes], count: int
) -> None:
    check_agreement(message, damage, count)


@pytest.mark.soak
@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("damage", [damage_bytes, damage_tree])
def test_what_we_accept_others_accept_over_thousands(
    message: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    check_agreement(message, damage, SOAK_DAMAGES)


def check_agreement(message: str, damage: Callable[[bytes, random.Random], bytes], count: int) -> None:
    data = MESSAGES[message]()
    pair = pki().ec_company if message == "wse-php" else pki().company_seal
    expected = signed_parts(data)
    chance = random.Random(f"{message} {damage.__name__} {count}")  # noqa: S311  (repeatable, not secret)
    accepted = 0
    for _ in range(count):
        damaged = damage(data, chance)
        try:
            verified = verify(damaged)
        except GatewayError:
            continue
        accepted += 1
        assert verified.certificate == pair.certificate
        assert exclusive(verified.body) == expected[0]
        assert signed_parts(damaged) == expected
        assert xmlsec_accepts(damaged, pair.certificate) or signxml_accepts(damaged, pair.certificate)
    assert accepted < count
