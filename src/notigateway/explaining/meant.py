"""What a client meant where it wrote something else: the certificate in a token, the algorithms.

It admits nobody: the step has failed. It only lets the later steps be looked at, and tells a cause for sure
where the certificate's key then verifies the signature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notigateway.errors import GatewayError
from notigateway.explaining.token_forms import forms_of
from notigateway.pki.fitness import check_key
from notigateway.wss import certificates
from notigateway.wss.canonical import canonical
from notigateway.wss.policy import DigestMethod, SignatureMethod
from notigateway.wss.signature_value import check_signature_value, decode_signature_value, key_for
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.tokens import Token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from notigateway.explaining.sight import Sight
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.policy import Expectations
    from notigateway.wss.signed_info import SignedInfo


def meant_signed_info(header: SecurityHeader, expectations: Expectations) -> SignedInfo | None:
    """Return SignedInfo with algorithms that are known but not expected, or None."""
    every = replace(
        expectations, signature_methods=frozenset(SignatureMethod), digest_methods=frozenset(DigestMethod)
    )
    try:
        return read_signed_info(header.signed_info, every)
    except GatewayError:
        return None


def meant_token(sight: Sight) -> Token | None:
    """Return the certificate that the message seems to mean: the one that signs it, or the only one."""
    found = {one: None for form in forms_of(sight) for one in form.certificates}
    certificates_found = list(found)
    chosen = next((one for one in certificates_found if signs(sight, one)), None)
    if chosen is None and len(certificates_found) == 1:
        chosen = certificates_found[0]
    if chosen is None:
        return None
    try:
        return Token(chosen, chosen.public_key())
    except certificates.UNREADABLE:
        return None


def signs(sight: Sight, certificate: Certificate) -> bool:
    """Tell whether the signature value is by the certificate's key, over SignedInfo as it stands."""
    if sight.header is None:
        return False
    signed_info = sight.signed_info or meant_signed_info(sight.header, sight.expectations)
    if signed_info is None:
        return False
    try:
        check_key(certificate.public_key())
        key = key_for(signed_info.method, certificate.public_key())
        value = decode_signature_value(sight.header.signature_value, key)
        octets = canonical(sight.header.signed_info, prefixes=signed_info.prefixes)
        check_signature_value(value, octets, key=key, method=signed_info.method)
    except (GatewayError, *certificates.UNREADABLE):
        return False
    return True
