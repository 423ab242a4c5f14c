"""One signature has one replay key, however it is written."""

from __future__ import annotations

import base64
import re

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from envelopes import Draft, Parts, parts_of
from pki import company_subject, pki
from verifying import verify


def test_the_replay_key_is_the_same_however_the_signature_is_written() -> None:
    data = Draft().build()
    value = re.search(rb"<ds:SignatureValue>(.+?)</ds:SignatureValue>", data)
    assert value
    respelled = data.replace(value[1], b"\n".join(re.findall(rb".{1,64}", value[1])))
    assert verify(data).replay_key == verify(respelled).replay_key
    assert len(verify(data).replay_key) == 32
    assert verify(data).replay_key != verify(Draft(ttl=None).build()).replay_key


def test_the_second_form_of_an_ecdsa_signature_is_the_same_message() -> None:
    pair = pki().ec_company
    order = ec.SECP256R1().group_order

    def mirror(parts: Parts) -> None:
        value = base64.b64decode(parts.signature[1].text or "")
        s = order - int.from_bytes(value[32:], "big")
        parts.signature[1].text = base64.b64encode(value[:32] + s.to_bytes(32, "big")).decode()

    tree = Draft(pair=pair).tree()
    once = verify(etree.tostring(tree))
    mirror(parts_of(tree))
    assert verify(etree.tostring(tree)).replay_key == once.replay_key


def test_the_same_key_in_another_certificate_is_the_same_message() -> None:
    pair = pki().company_seal
    renewed = pki().holder(company_subject("B12345674"), pair.key)
    data = Draft(pair=pair).build()
    old, new = (base64.b64encode(each.certificate.public_bytes(Encoding.DER)) for each in (pair, renewed))
    swapped = data.replace(old, new)
    assert verify(swapped).certificate == renewed.certificate
    assert verify(swapped).replay_key == verify(data).replay_key
