"""What somebody between does to a signed token: KeyInfo, which nobody signs, points elsewhere."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from envelopes import NS, X509V3, key_info_text, parts_of

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

WAYS = ("KeyIdentifier", "X509Data", "another token")


def pointed_away(data: bytes, pair: KeyPair, way: str) -> bytes:
    """Leave a signed token where it is, and let KeyInfo designate a certificate beside it."""
    root = etree.fromstring(data)
    parts = parts_of(root)
    text = base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()
    names = {
        "KeyIdentifier": f'<wsse:KeyIdentifier ValueType="{X509V3}">{text}</wsse:KeyIdentifier>',
        "X509Data": f"<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>",
        "another token": f'<wsse:Reference URI="#other" ValueType="{X509V3}"/>',
    }
    spaces = " ".join(f'xmlns:{prefix}="{NS[prefix]}"' for prefix in ("wsse", "wsu", "ds"))
    other = f'<wsse:BinarySecurityToken wsu:Id="other" ValueType="{X509V3}">{text}</wsse:BinarySecurityToken>'
    token, key_info = etree.fromstring(f"<x {spaces}>{other}{key_info_text(names[way])}</x>")
    if way == "another token":
        parts.security.insert(0, token)
    old = parts.signature.find("ds:KeyInfo", NS)
    assert old is not None
    parts.signature.replace(old, key_info)
    return etree.tostring(root)
